/** Cohere's v2 chat. https://docs.cohere.com/reference/chat (read 2026-11). */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Turn, turnsFor } from '../answer.ts';
import { type Ask, readAsk } from '../ask.ts';
import { bearerService } from '../chat.ts';
import { type Complaint, checkChat, first } from '../check.ts';
import { objectsOf } from '../complain.ts';
import type { Service } from '../service.ts';
import { type Frame, groups, namedFrame, type Speech, sseSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import type { FakeVendor } from '../vendors.ts';
import { checkOwn } from './check.ts';
import { citationsOf } from './cite.ts';

/** What Cohere adds to every prompt and answer; it counts that, and charges nothing for it. */
const ADDED_INPUT_TOKENS = 490;
const ADDED_OUTPUT_TOKENS = 2;

export function cohereChat(vendor: FakeVendor): Service {
  return {
    ...bearerService(vendor),
    check: ({ body }) => check(body, vendor),
    speak: ({ body, n, plan }, pieces) => {
      const ask = readAsk(asChat(body), vendor);
      const [turn = null] = turnsFor({ ask, name: vendor.name, plan, pieces });
      const cited = turn === null ? [] : citationsOf(body, turn.text);
      return speak({ ask, turn, cited, n, pieces, noUsage: plan.noUsage === true });
    },
  };
}

function check(body: JsonObject, vendor: FakeVendor): Complaint | null {
  return first([() => checkOwn(body), () => checkChat(asChat(body), vendor)]);
}

/** The same request in the words of OpenAI's chat, which its messages and tools follow. */
function asChat(body: JsonObject): JsonObject {
  const { p, stop_sequences: stop, tool_choice: choice, response_format: format } = body;
  const messages = Array.isArray(body.messages) ? body.messages.map(asMessage) : body.messages;
  const made: Record<string, Json> = {};
  if (messages !== undefined) made.messages = messages;
  for (const name of ['model', 'stream', 'tools', 'max_tokens', 'thinking']) {
    const value = body[name];
    if (value !== undefined) made[name] = value;
  }
  if (p !== undefined) made.top_p = p;
  if (stop !== undefined) made.stop = stop;
  if (typeof choice === 'string') made.tool_choice = choice.toLowerCase();
  if (isObject(format)) made.response_format = asFormat(format);
  return made;
}

function asFormat(format: JsonObject): JsonObject {
  const schema = format.json_schema ?? format.schema;
  if (schema === undefined || schema === null) return format;
  return { type: 'json_schema', json_schema: { name: 'schema', schema } };
}

/** Results may come as documents. */
function asMessage(message: Json): Json {
  if (!isObject(message) || message.role !== 'tool') return message;
  if (!Array.isArray(message.content)) return message;
  const content = objectsOf(message.content).map((part) => {
    if (part.type !== 'document') return part;
    const data = isObject(part.document) ? part.document.data : null;
    return { type: 'text', text: typeof data === 'string' ? data : JSON.stringify(data) };
  });
  return { ...message, content };
}

interface Said {
  readonly ask: Ask;
  readonly turn: Turn | null;
  readonly cited: readonly JsonObject[];
  readonly n: number;
  readonly pieces: readonly string[] | null;
  readonly noUsage: boolean;
}

function reasonOf(turn: Turn | null): string {
  if (turn?.finish === 'length') return 'MAX_TOKENS';
  if (turn?.finish === 'tool_calls') return 'TOOL_CALL';
  return turn !== null && turn.stopped !== null ? 'STOP_SEQUENCE' : 'COMPLETE';
}

function usageOf({ ask, turn }: Said): JsonObject {
  const output =
    countTokens(turn?.reasoning ?? '') +
    countTokens(turn?.text ?? '') +
    (turn?.calls ?? []).reduce((sum, call) => sum + countTokens(call.arguments), 0);
  const billed = { input_tokens: ask.promptTokens, output_tokens: output };
  const tokens = {
    input_tokens: ask.promptTokens + ADDED_INPUT_TOKENS,
    output_tokens: output + ADDED_OUTPUT_TOKENS,
  };
  const cached = ask.cachedTokens === 0 ? 0 : ask.cachedTokens + ADDED_INPUT_TOKENS;
  return { billed_units: billed, tokens, cached_tokens: cached };
}

function planOf(turn: Turn): string {
  return turn.calls.length === 0
    ? ''
    : `I will use ${turn.calls.map(({ name }) => name).join(', ')}.`;
}

function contentOf(turn: Turn): JsonObject[] {
  const content: JsonObject[] = [];
  if (turn.reasoning !== '') content.push({ type: 'thinking', thinking: turn.reasoning });
  if (turn.text !== '') content.push({ type: 'text', text: turn.text });
  return content;
}

function callsOf(turn: Turn): JsonObject[] {
  return turn.calls.map(({ id, name, arguments: text }) => ({
    id: `${name}_${id.slice('call_'.length)}`,
    type: 'function',
    function: { name, arguments: text },
  }));
}

function messageOf({ turn, cited }: Said): JsonObject {
  if (turn === null) return { role: 'assistant' };
  const content = contentOf(turn);
  const calls = callsOf(turn);
  return {
    role: 'assistant',
    ...(content.length === 0 ? {} : { content }),
    ...(calls.length === 0 ? {} : { tool_plan: planOf(turn), tool_calls: calls }),
    ...(cited.length === 0 ? {} : { citations: cited }),
  };
}

function speak(said: Said): Speech {
  const id = `00000000-0000-4000-8000-${said.n.toString(16).padStart(12, '0')}`;
  const usage = said.noUsage ? null : usageOf(said);
  const end = { finish_reason: reasonOf(said.turn), ...(usage === null ? {} : { usage }) };
  return sseSpeech({
    whole: { id, message: messageOf(said), ...end },
    usage,
    frames: [...framesOf(said, id, end)],
    broken: 'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":\n\n',
    failure: (body) => `event: error\ndata: ${JSON.stringify(body)}\n\n`,
  });
}

function* framesOf({ turn, pieces, cited }: Said, id: string, end: JsonObject): Generator<Frame> {
  const empty = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  yield namedFrame({ id, type: 'message-start', delta: { message: empty } });
  let index = 0;
  if (turn !== null) {
    for (const part of contentOf(turn)) {
      const kind = part.type === 'thinking' ? 'thinking' : 'text';
      const texts = kind === 'text' && pieces !== null ? pieces : groups(String(part[kind]));
      yield contentFrame('content-start', index, { type: kind, [kind]: '' });
      for (const text of texts) {
        yield { ...contentFrame('content-delta', index, { [kind]: text }), text };
      }
      if (kind === 'text') yield* citationFrames(cited);
      yield namedFrame({ type: 'content-end', index });
      index += 1;
    }
    yield* callFrames(turn);
  }
  const usage = isObject(end.usage) ? end.usage : null;
  yield namedFrame({ type: 'message-end', delta: end }, '', usage);
}

function* citationFrames(cited: readonly JsonObject[]): Generator<Frame> {
  for (const [index, citation] of cited.entries()) {
    const delta = { message: { citations: citation } };
    yield namedFrame({ type: 'citation-start', index, delta });
    yield namedFrame({ type: 'citation-end', index });
  }
}

function contentFrame(type: string, index: number, content: JsonObject): Frame {
  return namedFrame({ type, index, delta: { message: { content } } });
}

function* callFrames(turn: Turn): Generator<Frame> {
  for (const text of groups(planOf(turn))) {
    yield namedFrame({ type: 'tool-plan-delta', delta: { message: { tool_plan: text } } });
  }
  for (const [index, call] of callsOf(turn).entries()) {
    const made = isObject(call.function) ? call.function : {};
    const start = { ...call, function: { ...made, arguments: '' } };
    yield callFrame('tool-call-start', index, start);
    for (const text of groups(String(made.arguments))) {
      yield { ...callFrame('tool-call-delta', index, { function: { arguments: text } }), text };
    }
    yield namedFrame({ type: 'tool-call-end', index });
  }
}

function callFrame(type: string, index: number, call: JsonObject): Frame {
  return namedFrame({ type, index, delta: { message: { tool_calls: call } } });
}
