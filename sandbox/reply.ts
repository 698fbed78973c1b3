/** From turns to JSON in a vendor's style: a whole completion, or the chunks of a stream. */
import type { Json, JsonObject } from '../src/kit/json.ts';
import type { ToolCall, Turn } from './answer.ts';
import type { Ask } from './ask.ts';
import { dataFrame, type Frame, groups, type Speech, sseSpeech } from './speech.ts';
import { countTokens } from './tokens.ts';
import type { FakeVendor } from './vendors.ts';

export interface Reply {
  readonly vendor: FakeVendor;
  readonly ask: Ask;
  readonly turns: readonly Turn[];
  /** Number of the call; ids are made of it. */
  readonly n: number;
  /** Seconds since 1970. */
  readonly createdS: number;
  /** Texts of the content chunks where a fault prescribes them; else the text is cut in tokens. */
  readonly pieces: readonly string[] | null;
  readonly noUsage: boolean;
}

/** One event of a stream. `text` is what the caller reads of it, for counting. */
interface Chunk {
  readonly json: JsonObject;
  readonly text: string;
  readonly hasUsage: boolean;
}

function idOf({ vendor, n }: Reply): string {
  return `${vendor.idPrefix}${n.toString(16).padStart(32, '0')}`;
}

/** The model that a vendor names in its answer: the dated one behind a name or an endpoint. */
function resolvedModel(vendor: FakeVendor, model: string): string {
  if (vendor.resolveEndpoint !== null && model.startsWith('ep-')) return vendor.resolveEndpoint;
  return vendor.resolve[model] ?? model;
}

/** Usage in the vendor's style; tokens counted with `countTokens`. */
function usageOf({ vendor, ask, turns }: Reply): JsonObject {
  const reasoning = sum(turns.map((turn) => countTokens(turn.reasoning)));
  const completion = reasoning + sum(turns.map(answerTokens));
  const { promptTokens, cachedTokens } = ask;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
  if (vendor.usageStyle === 'moonshot') return { ...usage, cached_tokens: cachedTokens };
  if (vendor.usageStyle !== 'deepseek') return usage;
  return {
    ...usage,
    prompt_cache_hit_tokens: cachedTokens,
    prompt_cache_miss_tokens: promptTokens - cachedTokens,
  };
}

function answerTokens(turn: Turn): number {
  return countTokens(turn.text) + sum(turn.calls.map((call) => countTokens(call.arguments)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function frame(reply: Reply, object: string): Record<string, Json> {
  const { vendor, ask, createdS } = reply;
  const made: Record<string, Json> = {
    id: idOf(reply),
    object,
    created: createdS,
    model: resolvedModel(vendor, ask.model),
  };
  if (vendor.serviceTier !== null) made.service_tier = vendor.serviceTier;
  return made;
}

/** The answer of a call without `stream`. */
function completionOf(reply: Reply): JsonObject {
  const made = frame(reply, 'chat.completion');
  made.choices = reply.turns.map((turn, index) => choiceOf(reply.vendor, turn, index));
  if (!reply.noUsage) made.usage = usageOf(reply);
  return made;
}

function choiceOf(vendor: FakeVendor, turn: Turn, index: number): Json {
  const message: Record<string, Json> = {
    role: 'assistant',
    content: turn.calls.length > 0 && turn.text === '' ? null : turn.text,
  };
  if (vendor.accepts.strictSubset) message.refusal = null;
  if (turn.reasoning !== '') Object.assign(message, reasoned(vendor, turn));
  if (turn.calls.length > 0) message.tool_calls = turn.calls.map((call) => callOf(call));
  return { index, message, logprobs: null, finish_reason: turn.finish };
}

function callOf({ id, name, arguments: text }: ToolCall): Record<string, Json> {
  return { id, type: 'function', function: { name, arguments: text } };
}

function reasoned(vendor: FakeVendor, { reasoning, text }: Turn): JsonObject {
  switch (vendor.reasoning) {
    case 'think-tags':
      return { content: `<think>\n${reasoning}\n</think>\n\n${text}` };
    case 'thinking-parts':
      return { content: [thinkingPart(reasoning), { type: 'text', text }] };
    case 'hidden':
      return {};
    default:
      return reasoningDelta(vendor, reasoning);
  }
}

function thinkingPart(text: string): JsonObject {
  return { type: 'thinking', thinking: [{ type: 'text', text }] };
}

function reasoningDelta(vendor: FakeVendor, text: string): JsonObject {
  if (vendor.reasoning === 'reasoning') return { reasoning: text };
  if (vendor.reasoning === 'thinking-parts') return { content: [thinkingPart(text)] };
  if (vendor.reasoning !== 'reasoning_details') return { reasoning_content: text };
  const details = [{ type: 'reasoning.text', text, format: 'unknown', index: 0 }];
  return { reasoning: text, reasoning_details: details };
}

interface Delta {
  readonly delta: JsonObject;
  readonly text: string;
}

/** Every event before `[DONE]`, made one by one as they are sent. */
function* chunksOf(reply: Reply): Generator<Chunk> {
  const { vendor, ask, turns, noUsage } = reply;
  const { usage: where } = vendor.streaming;
  const usage = noUsage ? null : usageOf(reply);
  for (const [index, turn] of turns.entries()) {
    let first = true;
    for (const { delta, text } of deltasOf(reply, turn)) {
      const role: JsonObject = first || vendor.streaming.roleAlways ? { role: 'assistant' } : {};
      first = false;
      const json = choiceChunk(reply, { index, delta: { ...role, ...delta }, finish: null });
      if (where === 'every' && usage !== null) json.usage = usage;
      yield { json, text, hasUsage: where === 'every' && usage !== null };
    }
    yield finishChunk(reply, index, usage);
  }
  if (where === 'asked' && ask.includeUsage && usage !== null) {
    const json = { ...frame(reply, 'chat.completion.chunk'), choices: [], usage };
    yield { json, text: '', hasUsage: true };
  }
}

function finishChunk(reply: Reply, index: number, usage: JsonObject | null): Chunk {
  const { vendor, turns, ask } = reply;
  const { usage: where, usageAlsoIn, roleAlways } = vendor.streaming;
  const last = index === turns.length - 1;
  const delta: JsonObject = roleAlways ? { role: 'assistant', content: '' } : {};
  const json = choiceChunk(reply, { index, delta, finish: turns[index]!.finish });
  if (usage === null || !last) return { json, text: '', hasUsage: false };
  if (where !== 'asked') json.usage = usage;
  if (usageAlsoIn === 'choice' && ask.includeUsage) {
    json.choices = [{ ...(json.choices as readonly JsonObject[])[0], usage }];
  }
  if (usageAlsoIn === 'x_groq') json.x_groq = { id: idOf(reply), usage };
  return { json, text: '', hasUsage: where !== 'asked' };
}

interface ChoicePart {
  readonly index: number;
  readonly delta: JsonObject;
  readonly finish: string | null;
}

function choiceChunk(reply: Reply, part: ChoicePart): Record<string, Json> {
  const { index, delta, finish } = part;
  const json = frame(reply, 'chat.completion.chunk');
  json.choices = [{ index, delta, logprobs: null, finish_reason: finish }];
  const { vendor, ask, noUsage } = reply;
  // With include_usage every other chunk says `usage: null`.
  if (vendor.streaming.usage === 'asked' && ask.includeUsage && !noUsage) json.usage = null;
  return json;
}

function* deltasOf(reply: Reply, turn: Turn): Generator<Delta> {
  const { vendor } = reply;
  const tags = vendor.reasoning === 'think-tags';
  if (turn.reasoning !== '' && vendor.reasoning !== 'hidden') {
    if (tags) yield { delta: { content: '<think>\n' }, text: '' };
    for (const text of groups(turn.reasoning)) {
      yield { delta: tags ? { content: text } : withEmptyContent(vendor, text), text };
    }
    if (tags) yield { delta: { content: '\n</think>\n\n' }, text: '' };
  } else if (turn.calls.length === 0 && reply.pieces === null) {
    yield { delta: { content: '' }, text: '' };
  }
  for (const text of reply.pieces ?? groups(turn.text)) yield { delta: { content: text }, text };
  for (const [index, call] of turn.calls.entries()) yield* callDeltas(call, index);
}

/** DeepSeek's kin send `content: null` beside reasoning, Ark an empty text. */
function withEmptyContent(vendor: FakeVendor, text: string): JsonObject {
  const delta = reasoningDelta(vendor, text);
  if (delta.content !== undefined) return delta;
  return { content: vendor.usageStyle === 'deepseek' ? null : '', ...delta };
}

function* callDeltas(call: ToolCall, index: number): Generator<Delta> {
  const start = { index, ...callOf({ ...call, arguments: '' }) };
  yield { delta: { content: null, tool_calls: [start] }, text: '' };
  for (const text of groups(call.arguments)) {
    yield { delta: { tool_calls: [{ index, function: { arguments: text } }] }, text };
  }
}

/** One chunk without choices, then usage where it is asked for. */
function* emptyChunks(reply: Reply): Generator<Chunk> {
  const { usage: _usage, ...json } = completionOf(reply);
  yield { json: { ...json, object: 'chat.completion.chunk' }, text: '', hasUsage: false };
  yield* chunksOf(reply);
}

/** The answer whole and in chunks, as the vendor sends it. */
export function chatSpeech(reply: Reply): Speech {
  const { vendor, ask, turns, noUsage } = reply;
  const frames: Frame[] = [];
  if (ask.stream) {
    for (const chunk of turns.length === 0 ? emptyChunks(reply) : chunksOf(reply)) {
      frames.push(dataFrame(chunk.json, chunk.text, chunk.hasUsage ? usageOf(reply) : null));
    }
  }
  const { comment } = vendor.streaming;
  return sseSpeech({
    whole: completionOf(reply),
    usage: noUsage ? null : usageOf(reply),
    frames,
    start: comment === null ? null : `: ${comment}\n\n`,
    end: 'data: [DONE]\n\n',
  });
}
