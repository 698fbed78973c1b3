/** Whole answers: a vendor's as a common reply, and a common reply as a caller's. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { AskedContext, ErrorReader, ReadReply } from '../shape.ts';
import type { Answered, Item, TurnReply } from '../turn.ts';
import { readCitations, writeGrounding } from './citations.ts';
import { CallBook, PartReader } from './parts.ts';
import { readStop, readUsage, writeStop, writeUsage } from './usage.ts';
import { sealFirstCall, showItem } from './write-parts.ts';

/** An error under status 200, alone or as the only member of a list. */
export function errorOf(body: Json | undefined): JsonObject | null {
  const one = Array.isArray(body) ? (body as readonly Json[])[0] : body;
  return isObject(one) && isObject(one.error) ? one : null;
}

/** Why nothing at all was answered; null: there is no such verdict. */
export function blockReason(body: JsonObject): string | null {
  const feedback = body.promptFeedback;
  const reason = isObject(feedback) ? feedback.blockReason : null;
  return typeof reason === 'string' ? reason : null;
}

export function candidatesOf(body: JsonObject): readonly JsonObject[] {
  const { candidates } = body;
  return Array.isArray(candidates) ? (candidates as readonly Json[]).filter(isObject) : [];
}

export function partsOf(candidate: JsonObject): readonly JsonObject[] {
  const { content } = candidate;
  const parts = isObject(content) ? content.parts : null;
  return Array.isArray(parts) ? (parts as readonly Json[]).filter(isObject) : [];
}

function successOf(body: Json | undefined, readError: ErrorReader): JsonObject {
  const error = errorOf(body);
  if (error !== null) throw readError(error);
  if (!isObject(body)) throw new Fault('vendor_malformed');
  // A prompt that was blocked has no candidate, and asking again would not give one.
  if (candidatesOf(body).length === 0 && blockReason(body) === null)
    throw new Fault('vendor_empty');
  return body;
}

/** An answer on its way to a caller of the same format. */
export function readWhole(text: string, readError: ErrorReader): ReadReply {
  const body = successOf(parseJson(text), readError);
  return { body, text, contentBytes: bodyBytes(body) };
}

/** Bytes that the model wrote, for estimates where the vendor did not count. */
export function bodyBytes(body: JsonObject): number {
  let bytes = 0;
  for (const candidate of candidatesOf(body)) {
    for (const { text, functionCall } of partsOf(candidate)) {
      if (typeof text === 'string') bytes += Buffer.byteLength(text);
      if (isObject(functionCall)) bytes += Buffer.byteLength(JSON.stringify(functionCall));
    }
  }
  return bytes;
}

export function readReply(whole: Json, readError: ErrorReader): TurnReply {
  const body = successOf(whole, readError);
  const calls = new CallBook();
  const answers = candidatesOf(body).map((candidate) => readCandidate(candidate, calls));
  if (answers.length === 0) answers.push({ items: [], stop: 'filter', stopSequence: null });
  return {
    id: typeof body.responseId === 'string' ? body.responseId : '',
    model: typeof body.modelVersion === 'string' ? body.modelVersion : '',
    createdS: 0,
    answers,
    usage: readUsage(body.usageMetadata),
  };
}

/** What only the vendor's own tools make: nobody who asks through here can have asked for it. */
const FOREIGN_PARTS = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];

export function isForeign(part: JsonObject): boolean {
  return FOREIGN_PARTS.some((field) => part[field] !== undefined);
}

function readCandidate(candidate: JsonObject, calls: CallBook): Answered {
  const reader = new PartReader('assistant', calls);
  for (const [at, part] of partsOf(candidate).entries()) {
    if (!isForeign(part)) readPart(reader, part, at);
  }
  const items = cite([...reader.end()], candidate);
  const called = items.some(({ type }) => type === 'tool_call');
  const { finishReason, finishMessage } = candidate;
  // A whole answer without a reason is not a whole answer.
  if (typeof finishReason !== 'string') throw new Fault('vendor_cut');
  const stop = readStop(finishReason, finishMessage, called);
  if (stop === 'filter' && typeof finishMessage === 'string' && finishMessage !== '') {
    items.push({ type: 'refusal', text: finishMessage });
  }
  return { items, stop, stopSequence: null };
}

/** What a vendor sends wrongly is no fault of the caller. */
function readPart(reader: PartReader, part: JsonObject, at: number): void {
  try {
    reader.read(part, `parts[${at}]`);
  } catch (error) {
    throw new Fault('vendor_malformed', { cause: error });
  }
}

/** Citations belong to the first text; the vendor counts them from its beginning. */
function cite(items: Item[], candidate: JsonObject): Item[] {
  for (const [at, item] of items.entries()) {
    if (item.type !== 'message') continue;
    const index = item.content.findIndex(({ type }) => type === 'text');
    const part = item.content[index];
    if (part?.type !== 'text') continue;
    const citations = readCitations(candidate, part.text);
    if (citations.length === 0) return items;
    const content = item.content.with(index, { ...part, citations });
    return items.with(at, { ...item, content });
  }
  return items;
}

export function writeReply(reply: TurnReply, asked: AskedContext): Json {
  return {
    candidates: reply.answers.map(writeAnswer),
    ...(reply.usage === null ? {} : { usageMetadata: writeUsage(reply.usage) }),
    modelVersion: reply.model || asked.request.model,
    responseId: reply.id || asked.callId,
  };
}

function writeAnswer({ items, stop }: Answered, index: number): JsonObject {
  const refusal = items.flatMap((item) => (item.type === 'refusal' ? [item.text] : [])).join('');
  const parts = items.flatMap(showItem);
  // The client hands it back to any model, also to one that asks for seals.
  sealFirstCall(parts);
  return {
    content: { role: 'model', parts },
    finishReason: writeStop(stop),
    ...(refusal === '' ? {} : { finishMessage: refusal }),
    index,
    ...groundingOf(items),
  };
}

function groundingOf(items: readonly Item[]): JsonObject {
  const groundingChunks: JsonObject[] = [];
  const groundingSupports: JsonObject[] = [];
  let number = 0;
  for (const item of items) {
    if (item.type === 'message') {
      for (const [at, part] of item.content.entries()) {
        if (part.type !== 'text' || part.citations === undefined) continue;
        const { chunks, supports } = writeGrounding(part.citations, part.text, number + at);
        groundingSupports.push(...supports(groundingChunks.length));
        groundingChunks.push(...chunks);
      }
    }
    number += showItem(item).length;
  }
  return groundingChunks.length === 0
    ? {}
    : { groundingMetadata: { groundingChunks, groundingSupports } };
}
