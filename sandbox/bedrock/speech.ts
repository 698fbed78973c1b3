/** Answers of Converse, and the binary events of ConverseStream. */
import { isObject, type JsonObject, parseJson } from '../../src/kit/json.ts';
import type { Turn } from '../answer.ts';
import { signThinking } from '../anthropic/sign.ts';
import type { Ask } from '../ask.ts';
import { type Frame, groups, type Speech, sseSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import { brokenBytes, eventBytes, exceptionBytes } from './frames.ts';

export interface Conversing {
  readonly ask: Ask;
  readonly turn: Turn | null;
  readonly pieces: readonly string[] | null;
  readonly noUsage: boolean;
}

/** A pretended time of work, so that answers stay the same. */
const LATENCY_MS = 42;

export function converseSpeech(conversing: Conversing): Speech {
  const { turn, noUsage } = conversing;
  const usage = noUsage ? null : usageOf(conversing);
  const message = { role: 'assistant', content: turn === null ? [] : contentOf(turn) };
  const whole: JsonObject = {
    output: { message },
    stopReason: reasonOf(turn),
    metrics: { latencyMs: LATENCY_MS },
    ...(usage === null ? {} : { usage }),
  };
  return sseSpeech({
    whole,
    usage,
    frames: [...framesOf(conversing, usage)],
    type: 'application/vnd.amazon.eventstream',
    commented: false,
    broken: brokenBytes(),
    failure: (body) => {
      const message = isObject(body) ? (body.message ?? '') : '';
      return exceptionBytes('internalServerException', { message });
    },
  });
}

function reasonOf(turn: Turn | null): string {
  if (turn?.finish === 'length') return 'max_tokens';
  if (turn?.finish === 'tool_calls') return 'tool_use';
  return turn !== null && turn.stopped !== null ? 'stop_sequence' : 'end_turn';
}

/** What was read from a cache is not among the input tokens. */
function usageOf({ ask, turn }: Conversing): JsonObject {
  const outputTokens =
    countTokens(turn?.reasoning ?? '') +
    countTokens(turn?.text ?? '') +
    (turn?.calls ?? []).reduce((sum, call) => sum + countTokens(call.arguments), 0);
  const inputTokens = ask.promptTokens - ask.cachedTokens;
  return {
    inputTokens,
    outputTokens,
    totalTokens: ask.promptTokens + outputTokens,
    cacheReadInputTokens: ask.cachedTokens,
    cacheWriteInputTokens: 0,
  };
}

function toolUseId(id: string): string {
  return `tooluse_${id.replace(/^call_/, '')}`;
}

function contentOf(turn: Turn): JsonObject[] {
  const content: JsonObject[] = [];
  if (turn.reasoning !== '') {
    const reasoningText = { text: turn.reasoning, signature: signThinking(turn.reasoning) };
    content.push({ reasoningContent: { reasoningText } });
  }
  if (turn.text !== '' || turn.calls.length === 0) content.push({ text: turn.text });
  for (const call of turn.calls) {
    const input = parseJson(call.arguments);
    const made = { toolUseId: toolUseId(call.id), name: call.name };
    content.push({ toolUse: { ...made, input: isObject(input) ? input : {} } });
  }
  return content;
}

function frame(type: string, payload: JsonObject, text = ''): Frame {
  return { bytes: eventBytes(type, payload), text, usage: null };
}

function* blockFrames(index: number, deltas: readonly JsonObject[], texts: readonly string[]) {
  for (const [at, delta] of deltas.entries()) {
    yield frame('contentBlockDelta', { contentBlockIndex: index, delta }, texts[at] ?? '');
  }
  yield frame('contentBlockStop', { contentBlockIndex: index });
}

/** Only tools have a start of their block. */
function* framesOf({ turn, pieces }: Conversing, usage: JsonObject | null): Generator<Frame> {
  yield frame('messageStart', { role: 'assistant' });
  let index = 0;
  if (turn !== null && turn.reasoning !== '') {
    const texts = groups(turn.reasoning);
    const signature = signThinking(turn.reasoning);
    const deltas = texts.map((text) => ({ reasoningContent: { text } }));
    yield* blockFrames(index, [...deltas, { reasoningContent: { signature } }], texts);
    index += 1;
  }
  if (turn !== null && (turn.text !== '' || turn.calls.length === 0)) {
    const texts = pieces ?? groups(turn.text);
    yield* blockFrames(
      index,
      texts.map((text) => ({ text })),
      texts,
    );
    index += 1;
  }
  for (const call of turn?.calls ?? []) {
    const start = { toolUse: { toolUseId: toolUseId(call.id), name: call.name } };
    yield frame('contentBlockStart', { contentBlockIndex: index, start });
    const texts = groups(call.arguments);
    const deltas = texts.map((text) => ({ toolUse: { input: text } }));
    yield* blockFrames(index, deltas, texts);
    index += 1;
  }
  yield frame('messageStop', { stopReason: reasonOf(turn) });
  const metrics = { latencyMs: LATENCY_MS };
  const metadata: JsonObject = usage === null ? { metrics } : { usage, metrics };
  yield { bytes: eventBytes('metadata', metadata), text: '', usage };
}
