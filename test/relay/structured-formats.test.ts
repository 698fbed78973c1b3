/** Every way of asking for JSON, of vendors of every format: one schema, one answer. */
import { describe, expect, test } from 'bun:test';
import {
  anthropicMessagesCaller,
  anthropicMessagesVendor,
} from '../../src/dialects/anthropic-messages/index.ts';
import { cohereChatCaller, cohereChatVendor } from '../../src/dialects/cohere-chat/index.ts';
import {
  geminiGenerateCaller,
  geminiGenerateVendor,
} from '../../src/dialects/gemini-generate/index.ts';
import { openaiChatCaller, openaiChatVendor } from '../../src/dialects/openai-chat/index.ts';
import {
  openaiResponsesCaller,
  openaiResponsesVendor,
} from '../../src/dialects/openai-responses/index.ts';
import type { CallerDialect, Place, VendorDialect } from '../../src/dialects/shape.ts';
import type { TurnReply } from '../../src/dialects/turn.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import type { TokenMeter } from '../../src/vendors/shape.ts';
import { makeRig, textOf } from './rig.ts';
import type { Script } from './sim-vendors.ts';
import { GOOD, SCHEMA, SCHEMAS, TOOLS, WORDS } from './structured-rig.ts';

interface Format {
  readonly caller: CallerDialect;
  readonly vendor: VendorDialect;
  readonly meter: TokenMeter;
  readonly place?: Place;
  /** A request for the schema. */
  readonly ask: JsonObject;
  /** A vendor's answer: 100 tokens in, 10 out. */
  says(text: string): JsonObject;
  calls(name: string, args: JsonObject): JsonObject;
}

const TOKENS = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
const MESSAGES = [{ role: 'user', content: 'Who?' }];
const format = { type: 'json_schema', name: 'person', schema: SCHEMA, strict: true };
const chatted = (message: JsonObject, finish_reason: string): JsonObject => ({
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
});
const responded = (item: JsonObject): JsonObject => ({
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'm',
  output: [item],
  usage: TOKENS,
});
const messaged = (block: JsonObject, stop_reason: string): JsonObject => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [block],
  stop_reason,
  stop_sequence: null,
  usage: { input_tokens: 100, output_tokens: 10 },
});
const generated = (part: JsonObject): JsonObject => ({
  candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 },
  modelVersion: 'm',
});

const answered = (message: JsonObject, finish_reason: string): JsonObject => ({
  id: 'c_1',
  message: { role: 'assistant', ...message },
  finish_reason,
  usage: { billed_units: { input_tokens: 100, output_tokens: 10 } },
});

const FORMATS: Readonly<Record<string, Format>> = {
  chat: {
    caller: openaiChatCaller,
    vendor: openaiChatVendor,
    meter: { input: '/usage/prompt_tokens', output: '/usage/completion_tokens' },
    ask: {
      model: 'm',
      messages: MESSAGES,
      response_format: { type: 'json_schema', json_schema: format },
    },
    says: (content) => chatted({ content }, 'stop'),
    calls: (name, args) => {
      const call = {
        id: 'c',
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      };
      return chatted({ content: null, tool_calls: [call] }, 'tool_calls');
    },
  },
  responses: {
    caller: openaiResponsesCaller,
    vendor: openaiResponsesVendor,
    meter: { input: '/usage/input_tokens', output: '/usage/output_tokens' },
    ask: { model: 'm', input: 'Who?', text: { format } },
    says: (text) => {
      const content = [{ type: 'output_text', text, annotations: [] }];
      return responded({
        type: 'message',
        id: 'i',
        role: 'assistant',
        status: 'completed',
        content,
      });
    },
    calls: (name, args) =>
      responded({
        type: 'function_call',
        id: 'i',
        call_id: 'c',
        status: 'completed',
        name,
        arguments: JSON.stringify(args),
      }),
  },
  messages: {
    caller: anthropicMessagesCaller,
    vendor: anthropicMessagesVendor,
    meter: { input: '/usage/input_tokens', output: '/usage/output_tokens' },
    place: { version: '2023-06-01' },
    ask: {
      model: 'm',
      max_tokens: 50,
      messages: MESSAGES,
      output_config: { format: { type: 'json_schema', schema: SCHEMA } },
    },
    says: (text) => messaged({ type: 'text', text }, 'end_turn'),
    calls: (name, input) => messaged({ type: 'tool_use', id: 'c', name, input }, 'tool_use'),
  },
  generate: {
    caller: geminiGenerateCaller,
    vendor: geminiGenerateVendor,
    meter: {
      input: '/usageMetadata/promptTokenCount',
      output: '/usageMetadata/candidatesTokenCount',
    },
    place: { model: 'm', stream: false },
    ask: {
      contents: [{ role: 'user', parts: [{ text: 'Who?' }] }],
      generationConfig: { responseMimeType: 'application/json', responseJsonSchema: SCHEMA },
    },
    says: (text) => generated({ text }),
    calls: (name, args) => generated({ functionCall: { name, args } }),
  },
  cohere: {
    caller: cohereChatCaller,
    vendor: cohereChatVendor,
    meter: {
      input: '/usage/billed_units/input_tokens',
      output: '/usage/billed_units/output_tokens',
    },
    ask: {
      model: 'm',
      messages: MESSAGES,
      response_format: { type: 'json_object', json_schema: SCHEMA },
    },
    says: (text) => answered({ content: [{ type: 'text', text }] }, 'COMPLETE'),
    calls: (name, args) => {
      const made = { name, arguments: JSON.stringify(args) };
      const call = { id: 'c', type: 'function', function: made };
      return answered({ tool_plan: 'I will.', tool_calls: [call] }, 'TOOL_CALL');
    },
  },
};

const NAMES = Object.keys(FORMATS);
const PAIRS = NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const));

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly stream?: boolean;
  readonly able: typeof SCHEMAS;
}

async function run({ from, to, able, stream = false }: Asked, ...replies: JsonObject[]) {
  const [ours, theirs] = [FORMATS[from], FORMATS[to]];
  if (ours === undefined || theirs === undefined) throw new Error(`${from} ${to}`);
  const text = JSON.stringify(stream && from !== 'generate' ? { ...ours.ask, stream } : ours.ask);
  const place = from === 'generate' ? { ...ours.place, stream } : ours.place;
  const request = ours.caller.readRequest(text, Buffer.byteLength(text), place);
  const service = { path: '/x', dialect: theirs.vendor.id, meter: theirs.meter };
  const vendor = { ...compatible, services: { chat: [service] } };
  const scripts: Script[] = replies.map((reply) => ({
    acts: [{ bytes: Buffer.from(JSON.stringify(reply)).toString('latin1') }],
  }));
  const ask = { dialect: ours.caller.id, request };
  const rig = await makeRig({ ...able, upstreams: [{ vendor }], ask }, { a: scripts });
  const answer = await rig.clock.until(rig.call());
  const shown = await textOf(answer);
  await rig.clock.advance(10);
  const asked = rig.vendors.asked.map(({ body }) => JSON.parse(String(body)) as JsonObject);
  return { rig, shown, asked, proof: answer.headers['x-gangway-structured'], ours };
}

const never = (): Error => new Error('an error body');

function wholeText(shown: string, vendor: VendorDialect): string {
  return spoken(vendor.readReply(JSON.parse(shown) as Json, never));
}

function spoken({ answers }: TurnReply): string {
  const items = answers[0]?.items ?? [];
  return items
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('');
}

function streamText(shown: string, vendor: VendorDialect): string {
  const reader = vendor.readEvents(never);
  const events = splitEvents(shown).flatMap((event) =>
    event.data === null ? [] : reader.read(event),
  );
  return [...events, ...reader.end()]
    .map((event) => (event.type === 'delta' ? event.text : ''))
    .join('');
}

describe.each(PAIRS)('asked in %s, of a vendor of %s', (from, to) => {
  const theirs = FORMATS[to];
  if (theirs === undefined) throw new Error(to);

  test('natively: the schema is where that vendor looks for it', async () => {
    const ran = await run({ from, to, able: SCHEMAS }, theirs.says(GOOD));
    expect(ran.proof).toBe('native; attempts=1');
    expect(wholeText(ran.shown, ran.ours.vendor)).toBe(GOOD);
    expect(JSON.stringify(ran.asked[0])).toContain('"additionalProperties":false');
    expect(JSON.stringify(ran.asked[0])).not.toContain('fits this JSON Schema');
  });

  test('by a tool that must be called', async () => {
    const args = JSON.parse(GOOD) as JsonObject;
    const name = from === 'chat' || from === 'responses' ? 'person' : undefined;
    const asked = name ?? (await toolNameOf(from, to));
    const ran = await run({ from, to, able: TOOLS }, theirs.calls(asked, args));
    expect(ran.proof).toBe('forced_tool; attempts=1');
    expect(wholeText(ran.shown, ran.ours.vendor)).toBe(GOOD);
  });

  test('by words, healed in a second round, and streamed', async () => {
    const replies = [theirs.says('{"name":"Li"}'), theirs.says(`\`\`\`\n${GOOD}\n\`\`\``)];
    const ran = await run({ from, to, able: WORDS, stream: true }, ...replies);
    expect(ran.proof).toBe('prompt; attempts=2; repaired; stream=buffer');
    expect(streamText(ran.shown, ran.ours.vendor)).toBe(GOOD);
    expect(JSON.stringify(ran.asked[1])).toContain('- /age: is missing');
    expect(ran.rig.ledger.row.quantities).toMatchObject({ inputTokens: 200, outputTokens: 20 });
  });
});

test('a format without a JSON mode is told in words that any JSON will do', async () => {
  const more = { model: 'm', messages: MESSAGES, response_format: { type: 'json_object' } };
  const text = JSON.stringify(more);
  const request = openaiChatCaller.readRequest(text, text.length);
  const ask = { dialect: 'openai-chat', request };
  const { messages } = FORMATS;
  if (messages === undefined) throw new Error('messages');
  const service = { path: '/x', dialect: messages.vendor.id, meter: messages.meter };
  const vendor = { ...compatible, services: { chat: [service] } };
  const reply = JSON.stringify(messages.says('Here: {"a":1}'));
  const scripts = { a: [{ acts: [{ bytes: reply }] }] };
  const rig = await makeRig({ ...SCHEMAS, upstreams: [{ vendor }], ask }, scripts);
  const answer = await rig.clock.until(rig.call());
  expect(answer.headers['x-gangway-structured']).toBe('prompt; attempts=1; repaired');
  expect(wholeText(await textOf(answer), openaiChatVendor)).toBe('{"a":1}');
});

test('where no JSON mode is taken beside tools, the model is told in words', async () => {
  const { cohere } = FORMATS;
  if (cohere === undefined) throw new Error('cohere');
  const made = { name: 'f', parameters: SCHEMA };
  const more = { ...FORMATS.chat?.ask, tools: [{ type: 'function', function: made }] };
  const text = JSON.stringify(more);
  const request = openaiChatCaller.readRequest(text, text.length);
  const ask = { dialect: 'openai-chat', request };
  const service = { path: '/x', dialect: cohere.vendor.id, meter: cohere.meter };
  const vendor = { ...compatible, services: { chat: [service] } };
  const scripts = { a: [{ acts: [{ bytes: JSON.stringify(cohere.says(GOOD)) }] }] };
  const rig = await makeRig({ ...SCHEMAS, upstreams: [{ vendor }], ask }, scripts);
  const answer = await rig.clock.until(rig.call());
  expect(answer.headers['x-gangway-structured']).toBe('prompt; attempts=1');
  const asked = JSON.parse(String(rig.vendors.asked[0]?.body)) as JsonObject;
  expect([asked.response_format, (asked.tools as Json[]).length]).toEqual([undefined, 1]);
});

/** Formats without a name for the schema get one of ours. */
async function toolNameOf(from: string, to: string): Promise<string> {
  const theirs = FORMATS[to];
  const ran = await run({ from, to, able: TOOLS }, theirs?.says(GOOD) ?? {});
  const found = /"name":"([\w-]+)"/.exec(JSON.stringify(ran.asked[0]))?.[1];
  return found ?? '';
}
