/** Clouds that rent out models: an address and a credential of their own kinds, every format. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { BEDROCK } from '../../sandbox/bedrock/mount.ts';
import { AZURE } from '../../sandbox/openai/azure.ts';
import { cleanUp, startGateway, startSandbox } from './gateway.ts';

const IMAGE = 'data:image/png;base64,iVBORw0KGgo=';
const NUMBERS = Array.from({ length: 30 }, (_, at) => at + 1).join(', ');
const Person = z.object({ name: z.string(), age: z.number().int() });
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const REST = `
timeouts: { first_byte_ms: 700, idle_ms: 700 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;
const CLAUDE = 'anthropic.claude-sonnet-4-6';

let client: OpenAI;

beforeAll(async () => {
  const { url } = await startSandbox();
  const model = (id: string, wire: string) => ({ id, wire_name: wire });
  const bedrock = (name: string, key: string) => ({
    name,
    base_url: `${url}${BEDROCK.path}`,
    key,
    models: [
      model(`${name}-model`, CLAUDE),
      ...['cut-middle', 'error-middle', 'malformed'].map((fault) =>
        model(`${name}-${fault}`, `sandbox-${fault}`),
      ),
    ],
  });
  const vendors = {
    azure: [
      {
        name: 'resource',
        base_url: `${url}${AZURE.path}/openai/v1`,
        key: AZURE.key,
        models: [model('azure-model', 'gpt-4.1')],
      },
    ],
    bedrock: [
      bedrock('signed', String(BEDROCK.key)),
      bedrock('bearer', 'sandbox-bedrock-key'),
      bedrock('forged', `${String(BEDROCK.key)}x`),
    ],
  };
  const gateway = await startGateway({ yaml: `vendors: ${JSON.stringify(vendors)}\n${REST}` });
  const { url: base, operatorKey } = gateway;
  client = new OpenAI({ apiKey: operatorKey, baseURL: `${base}/v1`, maxRetries: 0 });
});
afterAll(cleanUp);

const chat = (model: string, content: string) => ({
  model,
  messages: [{ role: 'user' as const, content }],
});
async function caught(made: () => Promise<unknown>): Promise<unknown> {
  return made().then(
    () => null,
    (error: unknown) => error,
  );
}

describe.each(['azure-model', 'signed-model', 'bearer-model'])('%s', (model) => {
  test('chats, whole and streamed, with usage', async () => {
    const whole = await client.chat.completions.create(chat(model, 'Say good morning'));
    expect(whole.choices[0]?.message.content).toBe('good morning');
    expect(whole.usage?.total_tokens).toBeGreaterThan(0);
    const stream = client.chat.completions.stream({
      ...chat(model, 'Count to 30'),
      stream_options: { include_usage: true },
    });
    const streamed = await stream.finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(NUMBERS);
    expect(streamed.usage?.completion_tokens).toBeGreaterThan(0);
  });

  test('answers in responses, and goes on from them', async () => {
    const first = await client.responses.create({ model, input: 'Say one' });
    const stream = client.responses.stream({
      model,
      input: 'Say two',
      previous_response_id: first.id,
    });
    const second = await stream.finalResponse();
    expect([first.output_text, second.output_text]).toEqual(['one', 'two']);
    expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
  });

  test('calls a tool and reads its answer, streamed and not', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
    const asked = chat(model, 'What is the weather in Paris?');
    const whole = await client.chat.completions.create({ ...asked, tools });
    const stream = client.chat.completions.stream({ ...asked, tools });
    const streamed = await stream.finalChatCompletion();
    for (const { choices } of [whole, streamed]) {
      const message = choices[0]?.message;
      const [call] = message?.tool_calls ?? [];
      if (message === undefined || call?.type !== 'function') throw new Error('no call');
      expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Paris' });
      expect(choices[0]?.finish_reason).toBe('tool_calls');
      const answer = { role: 'tool' as const, tool_call_id: call.id, content: 'sunny in Paris' };
      const messages = [...asked.messages, message, answer];
      const done = await client.chat.completions.create({ model, messages, tools });
      expect(done.choices[0]?.message.content).toContain('sunny in Paris');
    }
  });

  test('an object by its schema, in both formats', async () => {
    const prompt = 'Describe "Alice", who is 7';
    const chatted = await client.chat.completions.parse({
      ...chat(model, prompt),
      response_format: zodResponseFormat(Person, 'person'),
    });
    const responded = await client.responses.parse({
      model,
      input: prompt,
      text: { format: zodTextFormat(Person, 'person') },
    });
    for (const parsed of [chatted.choices[0]?.message.parsed, responded.output_parsed]) {
      expect(Person.parse(parsed)).toEqual(parsed as never);
    }
  });

  test('an image', async () => {
    const content = [
      { type: 'text' as const, text: 'What is on it?' },
      { type: 'image_url' as const, image_url: { url: IMAGE } },
    ];
    const messages = [{ role: 'user' as const, content }];
    const { choices } = await client.chat.completions.create({ model, messages });
    expect(choices[0]?.message.content).toContain('I received 1 image');
  });
});

describe('thoughts of a model behind Converse', () => {
  const wish = { reasoning: { effort: 'low' as const, summary: 'auto' as const } };

  test('go back to it with its own signature', async () => {
    const input = 'What is the weather in Paris?';
    const tools = [{ type: 'function' as const, name: 'get_weather', strict: false, parameters }];
    const model = 'signed-model';
    const first = await client.responses.stream({ model, input, tools, ...wish }).finalResponse();
    const [thoughts] = first.output.filter((item) => item.type === 'reasoning');
    expect(thoughts?.summary[0]?.text).toContain('I am the sandbox');
    expect(thoughts?.encrypted_content).not.toBeUndefined();
    const [call] = first.output.filter((item) => item.type === 'function_call');
    const result = { type: 'function_call_output' as const, call_id: call?.call_id ?? '' };
    const next = await client.responses.create({
      model,
      tools,
      ...wish,
      previous_response_id: first.id,
      input: [{ ...result, output: 'sunny' }],
    });
    expect(next.output_text).toContain('sunny');
  });
});

describe('faults', () => {
  test('a credential that does not hold is ours to mend', async () => {
    const error = await caught(() => client.chat.completions.create(chat('forged-model', 'Hi')));
    expect(error).toMatchObject({ status: 502, code: 'vendor_refused_us' });
  });

  test.each([
    ['signed-cut-middle', 'vendor_cut'],
    ['signed-error-middle', 'vendor_error'],
    ['signed-malformed', 'vendor_malformed'],
  ])('a stream of binary events that breaks: %s', async (model, code) => {
    const stream = await client.chat.completions.create({ ...chat(model, 'Hi'), stream: true });
    let text = '';
    const error = await caught(async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    });
    expect(text).not.toBe('');
    expect(error).toMatchObject({ code });
  });
});
