/** The npm package `cohere-ai`, as its users use it, on everybody's models. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Cohere, CohereClientV2 } from 'cohere-ai';
import { nanos, settledCalls } from '../books.ts';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import {
  CITY_SCHEMA,
  type Client,
  NUMBERS,
  OUTPUT_TOKENS,
  PERSON_SCHEMA,
  PNG,
  SHORT_TOKENS,
  TWO_TOOLS,
  UPSTREAMS,
} from './matrix.ts';
import { expectPieces, tryAll, YAML } from './run.ts';

let gateway: Gateway;
let client: CohereClientV2;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = new CohereClientV2({ token: gateway.key, environment: gateway.url, maxRetries: 0 });
});
afterAll(cleanUp);

const ask = (model: string, content: string) => ({
  model,
  maxTokens: OUTPUT_TOKENS,
  messages: [{ role: 'user' as const, content }],
});
const WEATHER: Cohere.ToolV2 = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: CITY_SCHEMA,
  },
};
const TIME: Cohere.ToolV2 = {
  type: 'function',
  function: { name: 'get_time', description: 'The time in a city', parameters: CITY_SCHEMA },
};
const textOf = ({ message }: Cohere.V2ChatResponse): string =>
  (message.content ?? []).flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');

/** What a stream told, put together as its users do. */
interface Told {
  readonly pieces: string[];
  readonly calls: { id: string; name: string; arguments: string }[];
  readonly citations: Cohere.Citation[];
  finish: string;
  error: string;
  usage: Cohere.Usage | undefined;
}

async function listen(asked: Cohere.V2ChatStreamRequest): Promise<Told> {
  const told: Told = {
    ...{ pieces: [], calls: [], citations: [] },
    ...{ finish: '', error: '', usage: undefined },
  };
  for await (const event of await client.chatStream(asked)) {
    if (event.type === 'content-delta') {
      const { text } = event.delta?.message?.content ?? {};
      if (text !== undefined) told.pieces.push(text);
    } else if (event.type === 'tool-call-start') {
      const { id = '', function: made } = event.delta?.message?.toolCalls ?? {};
      told.calls.push({ id, name: made?.name ?? '', arguments: made?.arguments ?? '' });
    } else if (event.type === 'tool-call-delta') {
      const last = told.calls.at(-1);
      if (last !== undefined) {
        last.arguments += event.delta?.message?.toolCalls?.function?.arguments ?? '';
      }
    } else if (event.type === 'citation-start') {
      const cited = event.delta?.message?.citations;
      if (cited !== undefined) told.citations.push(cited);
    } else if (event.type === 'message-end') {
      told.finish = event.delta?.finishReason ?? '';
      told.error = event.delta?.error ?? '';
      told.usage = event.delta?.usage;
    }
  }
  return told;
}

const tries: Client = {
  async 'a text, with usage'(model) {
    const answer = await client.chat(ask(model, 'Say good morning'));
    expect([textOf(answer), answer.finishReason]).toEqual(['good morning', 'COMPLETE']);
    expect(answer.id).not.toBe('');
    for (const counted of [answer.usage?.billedUnits, answer.usage?.tokens]) {
      expect(counted?.inputTokens).toBeGreaterThan(0);
      expect(counted?.outputTokens).toBeGreaterThan(0);
    }
  },
  async 'a stream, with usage'(model) {
    const { pieces, finish, usage } = await listen(ask(model, 'Count to 30'));
    expectPieces(pieces, NUMBERS);
    expect(finish).toBe('COMPLETE');
    expect(usage?.billedUnits?.inputTokens).toBeGreaterThan(0);
    expect(usage?.billedUnits?.outputTokens).toBeGreaterThan(0);
  },
  async 'a system text'(model) {
    const answer = await client.chat({
      ...ask(model, ''),
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Say hello' },
      ],
    });
    expect(textOf(answer)).toBe('hello');
  },
  async 'a tool, called and answered'(model) {
    const first = ask(model, 'What is the weather in Paris?');
    const { message, finishReason } = await client.chat({ ...first, tools: [WEATHER] });
    expect(finishReason).toBe('TOOL_CALL');
    const [call] = message.toolCalls ?? [];
    expect(JSON.parse(call?.function?.arguments ?? '')).toMatchObject({ city: 'Paris' });
    const told = await client.chat({
      ...first,
      tools: [WEATHER],
      messages: [
        ...first.messages,
        message,
        {
          role: 'tool',
          toolCallId: call?.id ?? '',
          content: [{ type: 'document', document: { data: { weather: 'sunny' } } }],
        },
      ],
    });
    expect(textOf(told)).toContain('sunny');
  },
  async 'a tool, called in a stream'(model) {
    const { calls, finish } = await listen({
      ...ask(model, 'What is the weather in Paris?'),
      tools: [WEATHER],
      toolChoice: 'REQUIRED',
    });
    expect(calls.map(({ name }) => name)).toEqual(['get_weather']);
    expect(JSON.parse(calls[0]?.arguments ?? '')).toMatchObject({ city: 'Paris' });
    expect(finish).toBe('TOOL_CALL');
  },
  async 'two tools at once, in a stream'(model) {
    const first = { ...ask(model, TWO_TOOLS), tools: [WEATHER, TIME] };
    const { calls } = await listen(first);
    expect(calls.map(({ name }) => name)).toEqual(['get_weather', 'get_time']);
    for (const call of calls) {
      expect(JSON.parse(call.arguments)).toMatchObject({ city: 'Paris' });
    }
    const toolCalls = calls.map(({ id, ...made }) => {
      return { id, type: 'function' as const, function: made };
    });
    const results = calls.map(({ id, name }) => {
      const content = name === 'get_time' ? 'noon' : 'sunny';
      return { role: 'tool' as const, toolCallId: id, content };
    });
    const told = await client.chat({
      ...first,
      messages: [...first.messages, { role: 'assistant', toolCalls }, ...results],
    });
    expect(textOf(told)).toContain('get_weather returned: sunny get_time returned: noon');
  },
  async 'an image'(model) {
    const answer = await client.chat({
      ...ask(model, ''),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', imageUrl: { url: `data:image/png;base64,${PNG}` } },
            { type: 'text', text: 'What is on it?' },
          ],
        },
      ],
    });
    expect(textOf(answer)).toContain('I received 1 image (image/png');
  },
  async 'a schema'(model) {
    const answer = await client.chat({
      ...ask(model, 'Describe somebody who is 7'),
      responseFormat: { type: 'json_object', jsonSchema: PERSON_SCHEMA },
    });
    expect(JSON.parse(textOf(answer))).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'a schema, in a stream'(model) {
    const { pieces, finish } = await listen({
      ...ask(model, 'Describe somebody who is 7'),
      responseFormat: { type: 'json_object', jsonSchema: PERSON_SCHEMA },
    });
    expect(JSON.parse(pieces.join(''))).toEqual({ name: expect.any(String), age: 7 });
    expect(finish).toBe('COMPLETE');
  },
  async 'the limit of length'(model) {
    const asked = { ...ask(model, 'Count to 500'), maxTokens: SHORT_TOKENS };
    expect((await client.chat(asked)).finishReason).toBe('MAX_TOKENS');
  },
};

tryAll(tries, 'npm cohere-ai');

const of = (run: Promise<unknown>) => run.catch((error: unknown) => error);
const OWN = 'command-a-03-2025';
const DOCUMENTS: Cohere.Document[] = [
  { id: 'tall', data: { title: 'Tall penguins', text: 'Emperor penguins are the tallest.' } },
  { data: { title: 'Where they live', text: 'They live in Antarctica.' } },
];
const CITING = { ...ask(OWN, 'Say Emperor penguins live in Antarctica'), documents: DOCUMENTS };

describe('whatever the model', () => {
  test('documents are cited by Cohere, whole and streamed, and untouched on the way', async () => {
    const whole = await client.chat(CITING);
    const cited = whole.message.citations ?? [];
    expect(cited.map(({ text }) => text)).toEqual(['Emperor penguins', 'live in Antarctica']);
    expect(cited[0]?.sources).toEqual([
      { type: 'document', id: 'tall', document: { id: 'tall', ...DOCUMENTS[0]?.data } },
    ]);
    const streamed = await listen(CITING);
    expect(streamed.citations).toEqual(cited);
    const off = await client.chat({ ...CITING, citationOptions: { mode: 'OFF' } });
    expect(off.message.citations).toBeUndefined();
  });

  test.each(Object.values(UPSTREAMS))('documents come to %s', async (model) => {
    const { documents } = CITING;
    const { data, rawResponse } = await client
      .chat({ ...ask(model, 'What do the documents say?'), documents })
      .withRawResponse();
    expect(rawResponse.headers.get('x-gangway-dropped')).toBeNull();
    expect(textOf(data)).not.toBe('');
  });

  test('thoughts are told apart from words, whole and streamed', async () => {
    for (const model of ['command-a-reasoning-08-2025', UPSTREAMS.Anthropic, UPSTREAMS.Gemini]) {
      const asked = {
        ...ask(model, 'Say hello'),
        thinking: { type: 'enabled' as const, tokenBudget: 1_024 },
      };
      const { message } = await client.chat(asked);
      const kinds = (message.content ?? []).map(({ type }) => type);
      expect(kinds.at(-1)).toBe('text');
      expect((await listen(asked)).pieces.join('')).toBe('hello');
    }
    const { message } = await client.chat(ask('command-a-reasoning-08-2025', 'Say hello'));
    expect(message.content?.[0]?.type).toBe('thinking');
  });

  test('what is charged is what the vendor bills, and not what it counts', async () => {
    const { usage } = await client.chat(ask(OWN, 'Count to 12'));
    const { billedUnits: billed, tokens } = usage ?? {};
    expect(tokens?.inputTokens).toBeGreaterThan(billed?.inputTokens ?? 0);
    const [call] = await settledCalls(gateway);
    expect([call?.model, call?.usageSource]).toEqual([OWN, 'vendor']);
    expect(call).toMatchObject({
      inputTokens: billed?.inputTokens ?? -1,
      outputTokens: billed?.outputTokens ?? -1,
    });
    expect(nanos(call?.charge ?? '0')).toBeGreaterThan(0n);
  });

  test.each(Object.values(UPSTREAMS))('and so is what %s counts', async (model) => {
    const { usage } = await listen(ask(model, 'Count to 12'));
    const [call] = await settledCalls(gateway);
    expect({ input: call?.inputTokens, output: call?.outputTokens }).toEqual({
      input: usage?.billedUnits?.inputTokens,
      output: usage?.billedUnits?.outputTokens,
    });
  });

  test('the right exceptions are raised, with the field in the body', async () => {
    const wrong = new CohereClientV2({ token: 'sk-gw-wrong', environment: gateway.url });
    expect(await of(wrong.chat(ask(OWN, 'x')))).toBeInstanceOf(Cohere.UnauthorizedError);
    const missing = await of(client.chat(ask('no-such-model', 'x')));
    expect(missing).toBeInstanceOf(Cohere.NotFoundError);
    const refused = await of(client.chat({ ...ask(OWN, 'x'), messages: [] }));
    expect(refused).toBeInstanceOf(Cohere.BadRequestError);
    const { body } = refused as Cohere.BadRequestError;
    expect(body).toMatchObject({ code: 'invalid_request', param: 'messages' });
    const lost = await of(client.chat({ ...ask(UPSTREAMS.OpenAI, 'x'), safetyMode: 'STRICT' }));
    expect((lost as Cohere.BadRequestError).body).toMatchObject({
      code: 'unsupported_parameter',
      param: 'safety_mode',
    });
  });

  test('models are listed page by page, in the shape that it knows', async () => {
    const names: string[] = [];
    for (let pageToken: string | undefined; ; ) {
      const page = await client.models.list({ endpoint: 'chat', pageSize: 50, pageToken });
      names.push(...page.models.map(({ name }) => name ?? ''));
      pageToken = page.nextPageToken;
      if (pageToken === undefined) break;
    }
    expect(names).toContain(OWN);
    expect(names).toContain(UPSTREAMS.Gemini);
    expect(names).not.toContain('embed-v4.0');
    expect(new Set(names).size).toBe(names.length);
    expect((await client.models.list()).models).toHaveLength(20);
    expect(await client.models.get('embed-v4.0')).toMatchObject({
      name: 'embed-v4.0',
      endpoints: ['embed'],
      contextLength: 128_000,
    });
    const missing = await of(client.models.get('no-such-model'));
    expect((missing as Cohere.NotFoundError).body).toMatchObject({ code: 'model_not_found' });
  });

  test('texts are embedded by everybody, as numbers and as base64', async () => {
    for (const model of ['embed-v4.0', 'text-embedding-3-small', 'gemini-embedding-001']) {
      const { embeddings, texts, meta } = await client.embed({
        model,
        texts: ['a penguin', 'a bank'],
        inputType: 'search_document',
        embeddingTypes: ['float', 'base64'],
        outputDimension: 256,
      });
      expect(texts).toEqual(['a penguin', 'a bank']);
      const [first] = embeddings.float ?? [];
      expect(first).toHaveLength(256);
      const bytes = Buffer.from(embeddings.base64?.[0] ?? '', 'base64');
      expect(bytes.length).toBe(1_024);
      expect(bytes.readFloatLE(0)).toBeCloseTo(first?.[0] ?? Number.NaN, 6);
      expect(meta?.billedUnits?.inputTokens).toBeGreaterThanOrEqual(0);
    }
    const many = await client.embed({
      model: 'embed-v4.0',
      texts: Array.from({ length: 100 }, (_, at) => `text ${at}`),
      inputType: 'search_document',
    });
    expect(many.embeddings.float).toHaveLength(100);
    const rounded = {
      ...{ texts: ['a'], inputType: 'search_query' as const },
      embeddingTypes: ['int8' as const],
    };
    const own = await client.embed({ ...rounded, model: 'embed-v4.0' });
    expect(own.embeddings.int8?.[0]?.every(Number.isInteger)).toBe(true);
    const refused = await of(client.embed({ ...rounded, model: 'text-embedding-3-small' }));
    expect((refused as Cohere.BadRequestError).body).toMatchObject({ param: 'embedding_types' });
  });
});
