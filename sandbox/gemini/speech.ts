/** Answers of generateContent, whole and in the parts of a stream. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import type { ToolCall, Turn } from '../answer.ts';
import { dataFrame, type Frame, groups, type Speech, sseSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import type { GeminiAsk } from './ask.ts';
import { signText, signThought } from './sign.ts';

export interface Answer {
  readonly ask: GeminiAsk;
  readonly turns: readonly Turn[];
  readonly n: number;
  readonly pieces: readonly string[] | null;
  readonly noUsage: boolean;
  /** The prompt was blocked: no candidates. */
  readonly blocked: boolean;
  /** Server-sent events were asked for; else a stream is one JSON array. */
  readonly sse: boolean;
}

/** Parts of an answer that say something, in the pieces of a stream. */
interface Said {
  readonly part: JsonObject;
  readonly text: string;
}

export function generateSpeech(answer: Answer): Speech {
  const usage = answer.noUsage ? null : usageOf(answer, answer.turns);
  const whole = frameOf(answer, answer.turns.map(candidateOf(answer)), usage);
  const chunks = [...chunksOf(answer, usage)];
  if (answer.sse) {
    return sseSpeech({
      whole,
      usage,
      frames: chunks.map(({ json, text, usage: own }) => dataFrame(json, text, own)),
      broken: 'data: {"candidates": [{"content": {"parts": [{"text":\n\n',
    });
  }
  const frames = chunks.map(
    ({ json, text, usage: own }, at): Frame => ({
      bytes: `${at === 0 ? '[' : ',\r\n'}${JSON.stringify(json)}`,
      text,
      usage: own,
    }),
  );
  return sseSpeech({
    whole,
    usage,
    frames,
    end: ']',
    type: 'application/json; charset=UTF-8',
    commented: false,
    broken: ',\r\n{"candidates": [{"content":',
    failure: (body) => `,\r\n${JSON.stringify(body)}]`,
  });
}

function frameOf(
  { ask, n, blocked }: Answer,
  candidates: readonly Json[],
  usage: JsonObject | null,
): JsonObject {
  const made: Record<string, Json> = {};
  if (candidates.length > 0) made.candidates = candidates;
  if (blocked) made.promptFeedback = { blockReason: 'PROHIBITED_CONTENT', safetyRatings: [] };
  if (usage !== null) made.usageMetadata = usage;
  made.modelVersion = ask.model;
  made.responseId = `sandbox${n.toString(36).padStart(15, '0')}`;
  return made;
}

/** Thoughts are counted apart from the candidates; the total holds both. */
function usageOf({ ask }: Answer, turns: readonly Turn[]): JsonObject {
  const { promptTokens, cachedTokens } = ask;
  const thoughts = turns.reduce((sum, turn) => sum + countTokens(turn.reasoning), 0);
  const said = turns.reduce((sum, turn) => sum + countTokens(turn.text) + callTokens(turn), 0);
  const made: Record<string, Json> = { promptTokenCount: promptTokens };
  if (said > 0) made.candidatesTokenCount = said;
  made.totalTokenCount = promptTokens + said + thoughts;
  if (cachedTokens > 0) made.cachedContentTokenCount = cachedTokens;
  made.promptTokensDetails = [{ modality: 'TEXT', tokenCount: promptTokens }];
  if (thoughts > 0) made.thoughtsTokenCount = thoughts;
  return made;
}

function callTokens({ calls }: Turn): number {
  return calls.reduce((sum, call) => sum + countTokens(call.arguments), 0);
}

function saidBy(answer: Answer, turn: Turn): { thoughts: string; text: string; calls: Said[] } {
  const shows = answer.ask.showsThoughts;
  const isSigned = answer.ask.thinks;
  const calls = turn.calls.map((call, at) => callPart(call, isSigned && at === 0));
  return { thoughts: shows ? turn.reasoning : '', text: turn.text, calls };
}

/** Of calls in parallel the first alone is signed. */
function callPart(call: ToolCall, isSigned: boolean): Said {
  const read = parseJson(call.arguments);
  const args = isObject(read) ? read : {};
  const functionCall = { name: call.name, args, id: call.id.replace(/^call_/, '') };
  const signature: JsonObject = isSigned ? { thoughtSignature: signThought(call.name, args) } : {};
  return { part: { functionCall, ...signature }, text: call.arguments };
}

function reasonOf(turn: Turn): string {
  return turn.finish === 'length' ? 'MAX_TOKENS' : 'STOP';
}

function candidateOf(answer: Answer): (turn: Turn, index: number) => JsonObject {
  return (turn, index) => {
    const { thoughts, text, calls } = saidBy(answer, turn);
    const parts: JsonObject[] = [];
    if (thoughts !== '') parts.push({ text: thoughts, thought: true });
    const isSigned = answer.ask.thinks && calls.length === 0;
    if (text !== '') {
      parts.push(isSigned ? { text, thoughtSignature: signText(text) } : { text });
    }
    parts.push(...calls.map(({ part }) => part));
    const content: JsonObject = parts.length === 0 ? { role: 'model' } : { parts, role: 'model' };
    return { content, finishReason: reasonOf(turn), index };
  };
}

interface Chunk {
  readonly json: JsonObject;
  readonly text: string;
  readonly usage: JsonObject | null;
}

/** Usage stands on every chunk and grows; the last one says why it ended. */
function* chunksOf(answer: Answer, usage: JsonObject | null): Generator<Chunk> {
  if (answer.turns.length === 0) yield { json: frameOf(answer, [], usage), text: '', usage };
  for (const [index, turn] of answer.turns.entries()) {
    const { thoughts, text, calls } = saidBy(answer, turn);
    const said: Said[] = [
      ...groups(thoughts).map((piece) => ({ part: { text: piece, thought: true }, text: piece })),
      ...(answer.pieces ?? groups(text)).map((piece) => ({ part: { text: piece }, text: piece })),
      ...calls,
    ];
    let shown = { ...turn, text: '', calls: [] as ToolCall[] };
    for (const { part, text: piece } of said) {
      const isText = part.functionCall === undefined && part.thought !== true;
      shown = isText ? { ...shown, text: shown.text + piece } : shown;
      const content = { parts: [part], role: 'model' };
      const grown = usage === null ? null : usageOf(answer, [shown]);
      yield { json: frameOf(answer, [{ content, index }], grown), text: piece, usage: null };
    }
    const isSigned = answer.ask.thinks && calls.length === 0 && text !== '';
    const signature: JsonObject = isSigned ? { thoughtSignature: signText(text) } : {};
    const content = { parts: [{ text: '', ...signature }], role: 'model' };
    const end = { content, finishReason: reasonOf(turn), index };
    yield { json: frameOf(answer, [end], usage), text: '', usage };
  }
}
