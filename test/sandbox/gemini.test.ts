import { afterAll, beforeAll, expect, test } from 'bun:test';
import { generateKeyPairSync, sign } from 'node:crypto';
import { FunctionCallingConfigMode, GoogleGenAI, type Part, ThinkingLevel } from '@google/genai';
import { describe as list, type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { callsOf } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const KEY = 'sandbox-gemini-key';
const client = () =>
  new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: `${sandbox.url}/gemini` } });
const MODEL = 'gemini-3.1-pro-preview';
const WEATHER = {
  functionDeclarations: [
    {
      name: 'get_weather',
      parametersJsonSchema: {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
      },
    },
  ],
};

async function raw(method: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${sandbox.url}/gemini/v1beta/models/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY, ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, json: JSON.parse(text) };
}

test('an answer: thoughts apart, counted apart, the total holds both', async () => {
  const config = { thinkingConfig: { includeThoughts: true } };
  const answer = await client().models.generateContent({
    model: MODEL,
    contents: 'Say yes',
    config,
  });
  expect(answer.text).toBe('yes');
  const parts = answer.candidates![0]!.content!.parts!;
  expect(parts[0]).toMatchObject({ thought: true, text: expect.stringContaining('Say yes') });
  const usage = answer.usageMetadata!;
  expect(usage.candidatesTokenCount).toBe(1);
  expect(usage.thoughtsTokenCount).toBeGreaterThan(10);
  expect(usage.totalTokenCount).toBe(
    usage.promptTokenCount! + usage.candidatesTokenCount! + usage.thoughtsTokenCount!,
  );
});

test('a stream: new parts, usage on every chunk, the same text and total as the whole', async () => {
  const ask = { model: MODEL, contents: 'Count to 30' };
  const whole = await client().models.generateContent(ask);
  const chunks = [];
  for await (const chunk of await client().models.generateContentStream(ask)) chunks.push(chunk);
  expect(chunks.length).toBeGreaterThan(10);
  expect(chunks.map(({ text }) => text ?? '').join('')).toBe(whole.text!);
  expect(chunks.every(({ usageMetadata }) => usageMetadata !== undefined)).toBe(true);
  expect(chunks.at(-1)!.usageMetadata).toEqual(whole.usageMetadata);
  expect(chunks.at(-1)!.candidates![0]!.finishReason).toBe('STOP' as never);
});

test('without alt=sse a stream is one JSON array', async () => {
  const contents = [{ parts: [{ text: 'Say a b c' }] }];
  const { json } = await raw(`${MODEL}:streamGenerateContent`, { contents });
  expect(json.length).toBeGreaterThan(1);
  expect(json.at(-1).candidates[0].finishReason).toBe('STOP');
});

test('calls are signed; the signature must come back, unchanged', async () => {
  const config = { tools: [WEATHER] };
  const question = { role: 'user', parts: [{ text: 'What is the weather in Paris?' }] };
  const first = await client().models.generateContent({
    model: MODEL,
    contents: [question],
    config,
  });
  const turn = first.candidates![0]!.content!;
  const part = turn.parts![0]!;
  expect(part.functionCall).toMatchObject({ name: 'get_weather', args: { city: 'Paris' } });
  const functionResponse = { name: 'get_weather', response: { output: '21 degrees' } };
  const result = { role: 'user', parts: [{ functionResponse }] };
  const next = (call: Part) => {
    const contents = [question, { role: 'model', parts: [call] }, result];
    return client().models.generateContent({ model: MODEL, contents, config });
  };
  expect((await next(part)).text).toContain('21 degrees');
  const { thoughtSignature, ...bare } = part;
  expect(thoughtSignature).toBeString();
  await expect(next(bare)).rejects.toThrow('is missing a thought_signature');
  await expect(next({ ...bare, thoughtSignature: 'AAAA' })).rejects.toThrow('Corrupted');
  const excuse = { ...bare, thoughtSignature: 'skip_thought_signature_validator' };
  expect((await next(excuse)).text).toContain('21 degrees');
});

test('modes of calling: any calls, none does not', async () => {
  const call = async (mode: FunctionCallingConfigMode) => {
    const toolConfig = { functionCallingConfig: { mode } };
    const config = { tools: [WEATHER], toolConfig };
    const answer = await client().models.generateContent({
      model: MODEL,
      contents: 'Hello',
      config,
    });
    return answer.functionCalls?.length ?? 0;
  };
  expect(await call(FunctionCallingConfigMode.ANY)).toBe(1);
  expect(await call(FunctionCallingConfigMode.AUTO)).toBe(0);
  expect(await call(FunctionCallingConfigMode.NONE)).toBe(0);
});

test('both kinds of schema are filled', async () => {
  const own = {
    type: 'OBJECT',
    properties: { city: { type: 'STRING' }, tags: { type: 'ARRAY', items: { type: 'STRING' } } },
    required: ['city'],
  };
  const plain = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  const responseMimeType = 'application/json';
  for (const [schema, key] of [
    [{ responseSchema: own as never }, 'city'],
    [{ responseJsonSchema: plain }, 'n'],
  ] as const) {
    const config = { responseMimeType, ...schema };
    const answer = await client().models.generateContent({ model: MODEL, contents: 'Go', config });
    expect(JSON.parse(answer.text!)).toHaveProperty(key);
  }
});

test('embeddings: near texts are near, sizes are kept, batches keep their order', async () => {
  const contents = ['the cat sat on the mat', 'a cat on a mat', 'stock prices fell'];
  const config = { outputDimensionality: 256 };
  const model = 'gemini-embedding-001';
  const { embeddings } = await client().models.embedContent({ model, contents, config });
  const [cat, mat, stock] = embeddings!.map(({ values }) => values!);
  const near = (a: number[], b: number[]) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  expect(cat).toHaveLength(256);
  expect(near(cat!, mat!)).toBeGreaterThan(near(cat!, stock!));
});

test('tokens are counted as the prompt is charged; models are paged', async () => {
  const { totalTokens } = await client().models.countTokens({ model: MODEL, contents: 'Say yes' });
  const answer = await client().models.generateContent({ model: MODEL, contents: 'Say yes' });
  expect(totalTokens).toBe(answer.usageMetadata!.promptTokenCount!);
  const names: string[] = [];
  const pager = await client().models.list({ config: { pageSize: 7, queryBase: true } });
  for await (const model of pager) names.push(model.name!);
  expect(names).toContain(`models/${MODEL}`);
  expect(names).toContain('models/sandbox-429');
});

test('a blocked prompt has a reason and no candidates', async () => {
  const contents = 'SANDBOX_BLOCKED_PROMPT';
  const answer = await client().models.generateContent({ model: MODEL, contents });
  expect(answer.candidates).toBeUndefined();
  expect(answer.promptFeedback?.blockReason).toBe('PROHIBITED_CONTENT' as never);
});

const CONTENTS = [{ role: 'user', parts: [{ text: 'x' }] }];
const REFUSED: readonly (readonly [string, object, string])[] = [
  ['no contents', {}, 'contents is not specified'],
  ['unknown name', { contents: CONTENTS, messages: [] }, 'Unknown name "messages": Cannot find'],
  [
    'role',
    { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] },
    'valid role: user, model',
  ],
  ['empty part', { contents: [{ parts: [{}] }] }, "oneof field 'data'"],
  [
    'additionalProperties in a schema of theirs',
    {
      contents: CONTENTS,
      generation_config: {
        response_mime_type: 'application/json',
        response_schema: { type: 'OBJECT', additionalProperties: false },
      },
    },
    'Unknown name "additionalProperties" at \'generation_config.response_schema\'',
  ],
  [
    'schema without its mime type',
    { contents: CONTENTS, generationConfig: { responseJsonSchema: {} } },
    'application/json',
  ],
  [
    'stray result',
    { contents: [{ parts: [{ functionResponse: { name: 'f', response: {} } }] }] },
    'immediately after a function call turn',
  ],
];

test.each(REFUSED)('refuses: %s', async (_, body, words) => {
  const { status, json } = await raw(`${MODEL}:generateContent`, body);
  expect(status).toBe(400);
  expect(json.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
  expect(json.error.message).toContain(words);
});

test('keys: in a header or the query; a wrong one is 400, none is 403', async () => {
  const body = { contents: CONTENTS };
  const bad = await raw(`${MODEL}:generateContent`, body, { 'x-goog-api-key': 'nope' });
  expect(bad.json.error.details[0].reason).toBe('API_KEY_INVALID');
  expect(bad.status).toBe(400);
  const url = `${sandbox.url}/gemini/v1beta/models/${MODEL}:generateContent`;
  const plain = (where: string) =>
    fetch(where, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await plain(`${url}?key=${KEY}`)).status).toBe(200);
  expect((await plain(url)).status).toBe(403);
});

test('faults', async () => {
  const limited = await raw('sandbox-429:generateContent', { contents: CONTENTS });
  expect(limited.json.error.status).toBe('RESOURCE_EXHAUSTED');
  const stream = async (model: string) => {
    const chunks = await client().models.generateContentStream({ model, contents: 'x' });
    for await (const _ of chunks);
  };
  await expect(stream('sandbox-error-middle')).rejects.toThrow('INTERNAL');
  await expect(stream('sandbox-cut-middle')).rejects.toThrow();
  const { calls } = await callsOf(sandbox.url);
  expect(calls.at(-1)).toMatchObject({ vendor: 'gemini', stream: true });
});

interface Listed {
  readonly vendors: readonly { vendor: string; key: string; base_url: string; token_url: string }[];
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Trades an assertion of the account, signed here as RFC 7523 says, for a token. */
async function tokenFor(account: { [name: string]: string }, claims: object = {}) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { client_email: iss, token_uri: aud, private_key: pem } = account;
  const times = { iat: now, exp: now + 3600 };
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss, aud, scope: SCOPE, ...times, ...claims })}`;
  const assertion = `${text}.${sign('RSA-SHA256', Buffer.from(text), pem!).toString('base64url')}`;
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const body = new URLSearchParams({ grant_type: grant, assertion });
  const response = await fetch(aud!, { method: 'POST', body });
  return (await response.json()) as { access_token?: string; error?: string };
}

test('vertex: a signed assertion buys a token; the methods are the same', async () => {
  const { vendors } = list(sandbox.url) as unknown as Listed;
  const vertex = vendors.find(({ vendor }) => vendor === 'vertex')!;
  const account = JSON.parse(vertex.key);
  const { access_token: token } = await tokenFor(account);
  // Google's library has the place of tokens built in, so it is given the token.
  const authClient = {
    getRequestHeaders: async () => new Headers({ authorization: `Bearer ${token}` }),
  };
  const vertexai = new GoogleGenAI({
    vertexai: true,
    project: 'sandbox-project',
    location: 'global',
    apiVersion: 'v1',
    httpOptions: { baseUrl: `${sandbox.url}/vertex` },
    googleAuthOptions: { authClient } as never,
  });
  const config = { thinkingConfig: { thinkingLevel: ThinkingLevel.LOW } };
  const ask = { model: MODEL, contents: 'Say yes', config };
  expect((await vertexai.models.generateContent(ask)).text).toBe('yes');
  const url = `${vertex.base_url}/models/${MODEL}:generateContent`;
  const headers = { 'content-type': 'application/json', authorization: 'Bearer ya29.forged' };
  const body = JSON.stringify({ contents: CONTENTS });
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401);
  for (const claims of [{ aud: 'https://elsewhere' }, { exp: 1 }, { iss: 'someone@else' }]) {
    expect(await tokenFor(account, claims)).toMatchObject({ error: 'invalid_grant' });
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  expect(await tokenFor({ ...account, private_key: pem })).toMatchObject({
    error_description: 'Invalid JWT Signature.',
  });
});
