/** Bodies with any member replaced by nonsense: each format answers or refuses, none falls over. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { isObject, type Json } from '../../src/kit/json.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const RUNS = 120;
const SCHEMA = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const bearer = (vendor: string) => ({ authorization: `Bearer sandbox-${vendor}-key` });
const TOOL = { type: 'function', function: { name: 'f', parameters: SCHEMA } };
const CALL = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };

const PLACES: readonly (readonly [string, Record<string, string>, Json])[] = [
  [
    '/openai/v1/responses',
    bearer('openai'),
    {
      model: 'm',
      instructions: 'i',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'x' }] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'r' },
      ],
      tools: [{ type: 'function', name: 'f', parameters: SCHEMA }],
      text: { format: { type: 'json_schema', name: 'n', schema: SCHEMA } },
      reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
    },
  ],
  [
    '/anthropic/v1/messages',
    { 'x-api-key': 'sandbox-anthropic-key', 'anthropic-version': '2023-06-01' },
    {
      model: 'm',
      max_tokens: 2000,
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
      thinking: { type: 'enabled', budget_tokens: 1024 },
      tools: [{ name: 'f', input_schema: SCHEMA }],
      output_config: { effort: 'low' },
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'r' }] },
      ],
    },
  ],
  [
    '/gemini/v1beta/models/gemini-2.5-pro:generateContent',
    { 'x-goog-api-key': 'sandbox-gemini-key' },
    {
      contents: [
        {
          role: 'user',
          parts: [{ text: 'x' }, { inlineData: { mimeType: 'image/png', data: 'AA' } }],
        },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'r' } } }] },
      ],
      systemInstruction: { parts: [{ text: 's' }] },
      tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT' } }] }],
      toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
      generationConfig: { thinkingConfig: { includeThoughts: true }, stopSequences: ['z'] },
    },
  ],
  [
    '/bedrock/model/m/converse',
    bearer('bedrock'),
    {
      messages: [
        { role: 'user', content: [{ text: 'x' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'f', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: 'r' }] } }] },
      ],
      system: [{ text: 's' }],
      inferenceConfig: { maxTokens: 50, stopSequences: ['z'] },
      toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: SCHEMA } } }] },
    },
  ],
  [
    '/cohere/v2/chat',
    bearer('cohere'),
    {
      model: 'm',
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', tool_calls: [CALL] },
        {
          role: 'tool',
          tool_call_id: 'c',
          content: [{ type: 'document', document: { data: 'r' } }],
        },
      ],
      tools: [TOOL],
    },
  ],
  [
    '/cohere/v2/embed',
    bearer('cohere'),
    { model: 'm', texts: ['a'], input_type: 'search_query', embedding_types: ['float', 'int8'] },
  ],
  ['/jina/v1/rerank', bearer('jina'), { model: 'm', query: 'q', documents: ['a', { text: 'b' }] }],
  [
    '/qwen/api/v1/services/rerank/text-rerank/text-rerank',
    bearer('qwen'),
    { model: 'm', input: { query: 'q', documents: ['a'] }, parameters: { top_n: 1 } },
  ],
  ['/openai/v1/embeddings', bearer('openai'), { model: 'm', input: ['a', [1, 2]], dimensions: 64 }],
];

/** Paths of every member and item of a body. */
function pathsOf(value: Json, path: readonly string[] = []): (readonly string[])[] {
  const members = Array.isArray(value)
    ? value.map((one, at) => [String(at), one] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  return members.flatMap(([name, inner]) => {
    const here = [...path, name];
    return [here, ...pathsOf(inner, here)];
  });
}

function replaced(value: Json, [name, ...rest]: readonly string[], by: Json): Json {
  if (name === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((one, at) => (String(at) === name ? replaced(one, rest, by) : one));
  }
  if (!isObject(value)) return value;
  return { ...value, [name]: replaced(value[name] ?? null, rest, by) };
}

const NONSENSE = fc.oneof(
  fc.constantFrom<Json>(null, true, '', 'x', -1, 0, 1.5, 1e9, [], {}, [null], [[]], ['', 1], [{}]),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

test.each(PLACES)('%s', async (path, headers, body) => {
  const post = async (sent: Json) => {
    const response = await fetch(`${sandbox.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(sent),
    });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };
  expect((await post(body)).status).toBe(200);
  const paths = pathsOf(body);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), NONSENSE, async (at, by) => {
      const { status } = await post(replaced(body, at, by));
      expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
    }),
    { numRuns: RUNS },
  );
});
