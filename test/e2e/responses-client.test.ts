/** The npm package `openai` asking for responses, of vendors of each format. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { cleanUp, type Gateway, startGateway, startSandbox } from './gateway.ts';

const IMAGE = 'data:image/png;base64,iVBORw0KGgo=';
const YAML = `
timeouts: { first_byte_ms: 700, idle_ms: 700 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;
/** Upstream, model, and whether it takes schemas. */
const PLACES = [
  ['openai, in its own format', 'openai/gpt-5.4-mini', true],
  ['ark, in its own', 'ark/doubao-seed-2-1-pro-260915', true],
  ['deepseek', 'deepseek/deepseek-v4-pro', false],
  ['qwen', 'qwen/qwen3.7-max', true],
  ['an aggregator', 'siliconflow/deepseek-v4-pro', true],
  ['anthropic', 'anthropic/claude-sonnet-5', true],
  ['gemini', 'gemini/gemini-3.8-flash', true],
] as const;

let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(cleanUp);

const Person = z.object({ name: z.string(), age: z.number() });
const getWeather = zodResponsesFunction({
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: z.object({ city: z.string() }),
});
const NUMBERS = Array.from({ length: 30 }, (_, at) => at + 1).join(', ');

async function caught(made: () => Promise<unknown>): Promise<unknown> {
  return made().then(
    () => null,
    (error: unknown) => error,
  );
}

/** The answer goes back with the next question as it came. */
const said = (output: readonly OpenAI.Responses.ResponseOutputItem[]) =>
  output as OpenAI.Responses.ResponseInput;

describe.each(PLACES)('%s', (_, model, takesSchemas) => {
  test('answers, keeps it, and goes on from it', async () => {
    const first = await client.responses.create({ model, input: 'Say good morning' });
    expect(first.output_text).toBe('good morning');
    expect(first.status).toBe('completed');
    expect(first.usage?.output_tokens).toBeGreaterThan(0);
    const second = await client.responses.create({
      model,
      input: 'And you?',
      previous_response_id: first.id,
    });
    expect(second.previous_response_id).toBe(first.id);
    // The earlier turn was part of what the vendor read.
    expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
    expect((await client.responses.retrieve(second.id)).output_text).toBe(second.output_text);
    const items = await client.responses.inputItems.list(first.id);
    expect(items.data).toMatchObject([{ type: 'message', role: 'user' }]);
    await client.responses.delete(first.id);
    expect(await caught(() => client.responses.retrieve(first.id))).toBeInstanceOf(
      OpenAI.NotFoundError,
    );
  });

  test('counts its input in advance, with all that it goes on from', async () => {
    const { id, usage } = await client.responses.create({ model, input: 'Say good morning' });
    const alone = await client.responses.inputTokens.count({ model, input: 'Say good morning' });
    expect(alone.object).toBe('response.input_tokens');
    expect(alone.input_tokens).toBeGreaterThan(0);
    if (model.startsWith('openai/')) expect(alone.input_tokens).toBe(usage?.input_tokens ?? 0);
    const input = 'And you?';
    const all = await client.responses.inputTokens.count({
      model,
      input,
      previous_response_id: id,
    });
    expect(all.input_tokens).toBeGreaterThan(0);
    if (model.startsWith('openai/')) expect(all.input_tokens).toBeGreaterThan(alone.input_tokens);
  });

  test('streams every event in its order', async () => {
    const stream = client.responses.stream({ model, input: 'Count to 30' });
    const types: string[] = [];
    let text = '';
    let next = 0;
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === 'response.output_text.delta') text += event.delta;
      expect(event.sequence_number).toBe(next);
      next += 1;
    }
    const whole = await stream.finalResponse();
    expect(text).toBe(NUMBERS);
    expect(whole.output_text).toBe(NUMBERS);
    expect(types.slice(0, 2)).toEqual(['response.created', 'response.in_progress']);
    expect(types.at(-1)).toBe('response.completed');
    expect((await client.responses.retrieve(whole.id)).output_text).toBe(NUMBERS);
  });

  test('calls a tool and reads its answer, streamed and not, kept and not', async () => {
    const tools = [getWeather];
    const input = 'What is the weather in Paris?';
    const kept = await client.responses.stream({ model, input, tools }).finalResponse();
    const [call] = kept.output.filter((item) => item.type === 'function_call');
    expect(call?.parsed_arguments).toEqual({ city: 'Paris' });
    const answer = (id: string) => ({
      type: 'function_call_output' as const,
      call_id: id,
      output: 'sunny in Paris',
    });
    const next = await client.responses.create({
      model,
      tools,
      previous_response_id: kept.id,
      input: [answer(call?.call_id ?? '')],
    });
    expect(next.output_text).toContain('sunny in Paris');
    const include = ['reasoning.encrypted_content' as const];
    const loose = await client.responses.create({ model, input, tools, store: false, include });
    const [again] = loose.output.filter((item) => item.type === 'function_call');
    const done = await client.responses.create({
      model,
      tools,
      store: false,
      input: [
        { role: 'user', content: input },
        ...said(loose.output),
        answer(again?.call_id ?? ''),
      ],
    });
    expect(done.output_text).toContain('sunny in Paris');
  });

  if (takesSchemas) {
    test('an object by its schema', async () => {
      const parsed = await client.responses.parse({
        model,
        input: 'Describe "Alice", who is 7',
        text: { format: zodTextFormat(Person, 'person') },
      });
      expect(Person.parse(parsed.output_parsed)).toEqual(parsed.output_parsed as never);
    });
  }

  test('an image', async () => {
    const { output_text: text } = await client.responses.create({
      model,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is on it?' },
            { type: 'input_image', image_url: IMAGE, detail: 'auto' },
          ],
        },
      ],
    });
    expect(text).toContain('I received 1 image (image/png)');
  });

  test('an answer that was cut at its limit is incomplete', async () => {
    const ask = {
      model,
      input: 'Count to 300',
      max_output_tokens: 16,
      ...(model.startsWith('openai/') ? { reasoning: { effort: 'none' as const } } : {}),
    };
    const incomplete_details = { reason: 'max_output_tokens' };
    const cut = { status: 'incomplete', incomplete_details };
    const kept = await client.responses.create(ask);
    expect(kept).toMatchObject(cut);
    expect(await client.responses.retrieve(kept.id)).toMatchObject(cut);
    expect(await client.responses.create({ ...ask, store: false })).toMatchObject(cut);
    for (const store of [true, false]) {
      const stream = client.responses.stream({ ...ask, store });
      expect(await stream.finalResponse()).toMatchObject(cut);
    }
  });

  test('thoughts, when they are asked for', async () => {
    const { output } = await client.responses.create({
      model,
      input: 'Say six',
      reasoning: { effort: 'high', summary: 'auto' },
    });
    const [thoughts] = output.filter((item) => item.type === 'reasoning');
    expect(thoughts?.summary.length).toBeGreaterThan(0);
  });
});

describe('a thread', () => {
  test('goes on at a vendor of another format, and comes back', async () => {
    const ask = (model: string, input: string, previous: string | null) =>
      client.responses.create({ model, input, previous_response_id: previous });
    const first = await ask('openai/gpt-5.4-mini', 'Say one', null);
    const second = await ask('deepseek/deepseek-v4-pro', 'Say two', first.id);
    const third = await ask('openai/gpt-5.4-mini', 'Say three', second.id);
    expect([first, second, third].map((one) => one.output_text)).toEqual(['one', 'two', 'three']);
    const tokens = [first, second, third].map((one) => one.usage?.input_tokens ?? 0);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
  });
});

describe('the door of Ark', () => {
  test('keeps what it makes, for as long as Ark would, and refuses in its words', async () => {
    const ark = new OpenAI({
      apiKey: gateway.key,
      baseURL: `${gateway.url}/api/v3`,
      maxRetries: 0,
    });
    const model = 'doubao-seed-2-1-pro-260915';
    const first = await ark.responses.create({ model, input: 'Say one' });
    const next = { model, input: 'Say two', previous_response_id: first.id };
    const second = await ark.responses.stream(next).finalResponse();
    expect([first.output_text, second.output_text]).toEqual(['one', 'two']);
    expect((await ark.responses.inputItems.list(second.id)).data).toHaveLength(1);
    const cut = await ark.responses.create({ model, input: 'Count to 99', max_output_tokens: 9 });
    expect(cut.incomplete_details as unknown).toEqual({ reason: 'length' });
    await ark.responses.delete(first.id);
    const gone = await caught(() => ark.responses.retrieve(first.id));
    expect(gone).toBeInstanceOf(OpenAI.NotFoundError);
    expect(gone).toMatchObject({ code: expect.stringContaining('NotFound') });
    const tooLate = Math.floor(Date.now() / 1_000) + 8 * 86_400;
    const body = { ...next, previous_response_id: null, expire_at: tooLate };
    const refused = await caught(() => ark.responses.create(body));
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
  });
});

describe('faults', () => {
  let breaking: OpenAI;
  beforeAll(async () => {
    const sandbox = await startSandbox();
    const broken = ['cut-middle', 'error-middle', 'hang-middle'].map((name) => `sandbox-${name}`);
    const upstream = (id: string) => ({
      base_url: `${sandbox.url}/${id}/v1`,
      key: `sandbox-${id}-key`,
      models: broken.map((name) => ({ id: `${id}-${name}`, wire_name: name })),
    });
    const vendors = {
      openai: [upstream('openai')],
      'openai-compatible': [upstream('openai-compatible')],
    };
    const yaml = `vendors: ${JSON.stringify(vendors)}\n${YAML}`;
    const { url, operatorKey } = await startGateway({ yaml });
    breaking = new OpenAI({ apiKey: operatorKey, baseURL: `${url}/v1`, maxRetries: 0 });
  });

  test.each([
    ['openai-sandbox-cut-middle', 'vendor_cut'],
    ['openai-sandbox-error-middle', 'vendor_error'],
    ['openai-compatible-sandbox-cut-middle', 'vendor_cut'],
    ['openai-compatible-sandbox-hang-middle', 'vendor_timeout'],
  ])('a stream that breaks at %s ends in %s', async (model, code) => {
    const stream = await breaking.responses.create({ model, input: 'Hi there', stream: true });
    let text = '';
    const error = await caught(async () => {
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') text += event.delta;
      }
    });
    expect(text).not.toBe('');
    expect(error).toMatchObject({ code });
  });

  test('name the field', async () => {
    const error = await caught(() =>
      client.responses.create({
        model: 'deepseek/deepseek-v4-pro',
        input: 'Hi',
        tools: [{ type: 'web_search' }],
      }),
    );
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'unsupported_parameter', param: 'tools[0]' });
  });
});
