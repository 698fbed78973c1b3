/** Clients of every format of chat, what is tried with each, and on whose models. */

/** What answers in the sandbox, each in its own format. */
export const UPSTREAMS = Object.freeze({
  OpenAI: 'gpt-5.4',
  Anthropic: 'claude-sonnet-5-5',
  Gemini: 'gemini-3.8-flash',
  Vertex: 'vertex/gemini-3.8-flash',
  Ark: 'doubao-seed-2-1-pro-260915',
});

/** For clients of Cohere's own format it is tried, too, that bytes pass untouched. */
const WITH_COHERE = Object.freeze({ ...UPSTREAMS, Cohere: 'command-a-plus-05-2026' });

export const FEATURES = Object.freeze([
  'a text, with usage',
  'a stream, with usage',
  'a system text',
  'a tool, called and answered',
  'a tool, called in a stream',
  'two tools at once, in a stream',
  'an image',
  'a schema',
  'a schema, in a stream',
  'the limit of length',
] as const);
export type Feature = (typeof FEATURES)[number];

/** Throws where the client does not get what its user expects. */
export type Try = (model: string) => Promise<void>;
export type Client = Readonly<Record<Feature, Try>>;

export const CLIENTS = Object.freeze([
  'npm openai, chat',
  'npm openai, responses',
  'npm @anthropic-ai/sdk',
  'npm @google/genai',
  'npm ai, @ai-sdk/openai, chat',
  'npm ai, @ai-sdk/openai, responses',
  'npm ai, @ai-sdk/anthropic',
  'npm ai, @ai-sdk/google',
  'PyPI openai, chat',
  'PyPI openai, responses',
  'PyPI anthropic',
  'PyPI google-genai',
  'npm cohere-ai',
  'npm ai, @ai-sdk/cohere',
] as const);
export type ClientName = (typeof CLIENTS)[number];

export const NUMBERS = Array.from({ length: 30 }, (_, at) => at + 1).join(', ');
/** Asks for `get_weather` and for `get_time`. */
export const TWO_TOOLS = 'What are the weather and the time in Paris?';
/** The smallest PNG there is. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk' +
  '+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const OUTPUT_TOKENS = 2_000;
export const SHORT_TOKENS = 16;
export const CITY_SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
};
export const PERSON_SCHEMA = {
  type: 'object' as const,
  properties: { name: { type: 'string' as const }, age: { type: 'integer' as const } },
  required: ['name', 'age'],
  additionalProperties: false,
};

/** Name -> model of what this client is tried on. */
export function upstreamsOf(client: ClientName | undefined): Readonly<Record<string, string>> {
  return client?.includes('cohere') ? WITH_COHERE : UPSTREAMS;
}

/** The table of docs/clients.md: a row a feature, a column an upstream. All of it must work. */
export function tableOf(client: ClientName): string {
  const upstreams = Object.keys(upstreamsOf(client));
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row([client, ...upstreams]),
    row(['---', ...upstreams.map(() => '---')]),
    ...FEATURES.map((feature) => row([feature, ...upstreams.map(() => 'yes')])),
  ].join('\n');
}
