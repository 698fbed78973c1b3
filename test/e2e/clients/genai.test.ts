/** The npm package `@google/genai`, as its users use it, on everybody's models. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  ApiError,
  type Content,
  type FunctionDeclaration,
  type GenerateContentResponse,
  GoogleGenAI,
} from '@google/genai';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import {
  CITY_SCHEMA,
  type Client,
  NUMBERS,
  PERSON_SCHEMA,
  PNG,
  SHORT_TOKENS,
  TWO_TOOLS,
  UPSTREAMS,
} from './matrix.ts';
import { expectPieces, tryAll, YAML } from './run.ts';

let gateway: Gateway;
let client: GoogleGenAI;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
});
afterAll(cleanUp);

const WEATHER: FunctionDeclaration = {
  name: 'get_weather',
  description: 'The weather of a city',
  parametersJsonSchema: CITY_SCHEMA,
};
const TIME: FunctionDeclaration = {
  name: 'get_time',
  description: 'The time in a city',
  parametersJsonSchema: CITY_SCHEMA,
};
const tools = [{ functionDeclarations: [WEATHER] }];
const expectUsage = ({ usageMetadata }: GenerateContentResponse): void => {
  expect(usageMetadata?.promptTokenCount).toBeGreaterThan(0);
  expect(usageMetadata?.candidatesTokenCount).toBeGreaterThan(0);
};

const tries: Client = {
  async 'a text, with usage'(model) {
    const answer = await client.models.generateContent({ model, contents: 'Say good morning' });
    expect(answer.text).toBe('good morning');
    expect(answer.candidates?.[0]?.finishReason as string).toBe('STOP');
    expectUsage(answer);
  },
  async 'a stream, with usage'(model) {
    const stream = await client.models.generateContentStream({ model, contents: 'Count to 30' });
    const pieces: string[] = [];
    let last: GenerateContentResponse | null = null;
    for await (const piece of stream) {
      if (piece.text) pieces.push(piece.text);
      last = piece;
    }
    expectPieces(pieces, NUMBERS);
    if (last !== null) expectUsage(last);
  },
  async 'a system text'(model) {
    const answer = await client.models.generateContent({
      model,
      contents: 'Say hello',
      config: { systemInstruction: 'Be brief.' },
    });
    expect(answer.text).toBe('hello');
  },
  async 'a tool, called and answered'(model) {
    const question: Content = { role: 'user', parts: [{ text: 'What is the weather in Paris?' }] };
    const config = { tools };
    const asked = await client.models.generateContent({ model, contents: [question], config });
    const call = asked.functionCalls?.[0];
    expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Paris' } });
    const said = asked.candidates?.[0]?.content;
    if (said === undefined || call === undefined) throw new Error('nothing to go on with');
    const response = {
      ...(call.id === undefined ? {} : { id: call.id }),
      name: 'get_weather',
      response: { output: 'sunny' },
    };
    const contents = [question, said, { role: 'user', parts: [{ functionResponse: response }] }];
    const told = await client.models.generateContent({ model, contents, config });
    expect(told.text).toContain('sunny');
  },
  async 'a tool, called in a stream'(model) {
    const stream = await client.models.generateContentStream({
      model,
      contents: 'What is the weather in Paris?',
      config: { tools },
    });
    const calls = [];
    for await (const piece of stream) calls.push(...(piece.functionCalls ?? []));
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ name: 'get_weather', args: { city: 'Paris' } });
  },
  async 'two tools at once, in a stream'(model) {
    const question: Content = { role: 'user', parts: [{ text: TWO_TOOLS }] };
    const config = { tools: [{ functionDeclarations: [WEATHER, TIME] }] };
    const ask = { model, contents: [question], config };
    const said: Content = { role: 'model', parts: [] };
    for await (const piece of await client.models.generateContentStream(ask)) {
      said.parts?.push(...(piece.candidates?.[0]?.content?.parts ?? []));
    }
    const calls = (said.parts ?? []).flatMap(({ functionCall: call }) => (call ? [call] : []));
    expect(calls).toMatchObject([
      { name: 'get_weather', args: { city: 'Paris' } },
      { name: 'get_time', args: { city: 'Paris' } },
    ]);
    const parts = calls.map(({ id, name = '' }) => ({
      functionResponse: {
        ...(id === undefined ? {} : { id }),
        name,
        response: { output: name === 'get_time' ? 'noon' : 'sunny' },
      },
    }));
    const contents = [question, said, { role: 'user', parts }];
    const told = await client.models.generateContent({ model, contents, config });
    expect(told.text).toContain('sunny');
    expect(told.text).toContain('noon');
  },
  async 'an image'(model) {
    const parts = [
      { inlineData: { mimeType: 'image/png', data: PNG } },
      { text: 'What is on it?' },
    ];
    const answer = await client.models.generateContent({
      model,
      contents: [{ role: 'user', parts }],
    });
    expect(answer.text).toContain('I received 1 image (image/png');
  },
  async 'a schema'(model) {
    const answer = await client.models.generateContent({
      model,
      contents: 'Describe somebody who is 7',
      config: { responseMimeType: 'application/json', responseJsonSchema: PERSON_SCHEMA },
    });
    expect(JSON.parse(answer.text ?? '')).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'a schema, in a stream'(model) {
    const stream = await client.models.generateContentStream({
      model,
      contents: 'Describe somebody who is 7',
      config: { responseMimeType: 'application/json', responseJsonSchema: PERSON_SCHEMA },
    });
    let text = '';
    for await (const piece of stream) text += piece.text ?? '';
    expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'the limit of length'(model) {
    const answer = await client.models.generateContent({
      model,
      contents: 'Count to 500',
      config: { maxOutputTokens: SHORT_TOKENS },
    });
    expect(answer.candidates?.[0]?.finishReason as string).toBe('MAX_TOKENS');
  },
};

tryAll(tries);

describe('whatever the model', () => {
  const errorOf = async (run: Promise<unknown>): Promise<ApiError> => {
    const error = await run.catch((thrown: unknown) => thrown);
    if (error instanceof ApiError) return error;
    throw new Error(`no ApiError: ${String(error)}`);
  };

  test('errors have their status and its name', async () => {
    const wrong = new GoogleGenAI({
      apiKey: 'sk-gw-wrong',
      httpOptions: { baseUrl: gateway.url },
    });
    const unknown = await errorOf(
      wrong.models.generateContent({ model: 'gemini-3.8-flash', contents: 'x' }),
    );
    expect([unknown.status, unknown.message.includes('UNAUTHENTICATED')]).toEqual([401, true]);
    const missing = await errorOf(
      client.models.generateContent({ model: 'no-such-model', contents: 'x' }),
    );
    expect([missing.status, missing.message.includes('NOT_FOUND')]).toEqual([404, true]);
  });

  test('a chat of several turns', async () => {
    const chat = client.chats.create({ model: 'claude-sonnet-5-5' });
    expect((await chat.sendMessage({ message: 'Say one' })).text).toBe('one');
    expect((await chat.sendMessage({ message: 'Say two' })).text).toBe('two');
    expect(chat.getHistory()).toHaveLength(4);
  });

  test('tokens are counted', async () => {
    for (const model of ['gemini-3.8-flash', 'claude-sonnet-5-5']) {
      const { totalTokens } = await client.models.countTokens({ model, contents: 'Say hello' });
      expect(totalTokens).toBeGreaterThan(5);
    }
  });

  test("texts are embedded, by Google's models and by others", async () => {
    for (const model of ['gemini-embedding-001', 'text-embedding-3-small']) {
      const { embeddings } = await client.models.embedContent({
        model,
        contents: ['a ship', 'a pier'],
        config: { outputDimensionality: 256 },
      });
      expect(embeddings?.map(({ values }) => values?.length)).toEqual([256, 256]);
    }
    const one = await fetch(`${gateway.url}/v1beta/models/gemini-embedding-001:embedContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': gateway.key },
      body: JSON.stringify({
        content: { parts: [{ text: 'a ship' }] },
        taskType: 'RETRIEVAL_QUERY',
      }),
    });
    const { embedding } = (await one.json()) as { embedding: { values: number[] } };
    expect(embedding.values).toHaveLength(3_072);
    const wrong = { model: 'gemini-embedding-001', contents: 'x', config: { taskType: 'PLAY' } };
    expect((await errorOf(client.models.embedContent(wrong))).message).toContain('taskType');
  });

  test('models are listed page by page, in the shape that it knows', async () => {
    const names: string[] = [];
    const pages = await client.models.list({ config: { pageSize: 40 } });
    for await (const model of pages) names.push(model.name ?? '');
    expect(names).toContain('models/gemini-3.8-flash');
    expect(names.length).toBeGreaterThan(100);
    expect(new Set(names).size).toBe(names.length);
    const one = await client.models.get({ model: 'gemini-3.8-flash' });
    expect(one).toMatchObject({ name: 'models/gemini-3.8-flash', outputTokenLimit: 65_536 });
  });

  test('what is said beside an answer is no comment, at which its Python would fail', async () => {
    const generationConfig = {
      responseMimeType: 'application/json',
      responseJsonSchema: PERSON_SCHEMA,
    };
    const contents = [{ parts: [{ text: 'Describe somebody who is 7' }] }];
    const path = '/v1beta/models/claude-sonnet-5-5:streamGenerateContent?alt=sse';
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'x-goog-api-key': gateway.key },
      body: JSON.stringify({ contents, generationConfig }),
    });
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    const bodies = lines.map((line): unknown => JSON.parse(line.replace(/^data: /, '')));
    const said = { candidates: [{ content: { parts: [{ text: '' }] } }] };
    expect(bodies.slice(-2)).toMatchObject([
      { ...said, remark: 'x-gangway-structured: native; attempts=1; valid' },
      { candidates: [{ finishReason: 'STOP' }], usageMetadata: {} },
    ]);
  });

  test('a stream is a list where no events are asked for, also one that breaks off', async () => {
    const stream = async (model: string, query: string) => {
      const path = `/v1beta/models/${model}:streamGenerateContent${query}`;
      const contents = [{ parts: [{ text: 'Count to 12' }] }];
      const response = await fetch(gateway.url + path, {
        method: 'POST',
        headers: { 'x-goog-api-key': gateway.key },
        body: JSON.stringify({ contents }),
      });
      expect(response.headers.get('content-type')).toContain('application/json');
      return (await response.json()) as { error?: object; candidates?: Content[] }[];
    };
    for (const model of Object.values(UPSTREAMS)) {
      for (const query of ['', '?alt=json']) {
        const pieces = await stream(model, query);
        expect(pieces.length).toBeGreaterThan(3);
        expect(JSON.stringify(pieces)).toContain('12');
        expect(pieces.at(-1)).toMatchObject({ candidates: [{ finishReason: 'STOP' }] });
      }
    }
    const broken = await stream('sandbox-cut-middle', '');
    expect(broken.at(-1)?.error).toMatchObject({ details: [{ reason: 'vendor_cut' }] });
    expect(broken.length).toBeGreaterThan(1);
  });

  test('the key may stand in the query here, and nowhere else', async () => {
    const post = (path: string, body: object) =>
      fetch(`${gateway.url}${path}key=${gateway.key}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
    const contents = [{ parts: [{ text: 'Say hello' }] }];
    const path = '/v1beta/models/gemini-3.8-flash';
    expect((await post(`${path}:generateContent?`, { contents })).status).toBe(200);
    const streamed = await post(`${path}:streamGenerateContent?alt=sse&`, { contents });
    expect(streamed.headers.get('content-type')).toContain('text/event-stream');
    await streamed.text();
    const plain = await post(`${path}:streamGenerateContent?alt=proto&`, { contents });
    expect(plain.status).toBe(400);
    expect(((await plain.json()) as { error: { message: string } }).error.message).toContain('alt');
    expect((await post(`${path}:paint?`, { contents })).status).toBe(404);
    const messages = [{ role: 'user', content: 'x' }];
    const chat = { model: 'gemini-3.8-flash', messages };
    expect((await post('/v1/chat/completions?', chat)).status).toBe(401);
  });
});
