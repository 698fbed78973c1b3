/** Whole answers: a vendor's as a common reply, and a common reply as a caller's. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { AskedContext, ErrorReader, ReadReply } from '../shape.ts';
import type { Answered, Item, TurnReply } from '../turn.ts';
import { writeCitation } from './citations.ts';
import { isPlan } from './marks.ts';
import { readAssistant } from './read-messages.ts';
import { hasFailed, readStop, readUsage, writeStop, writeUsage } from './usage.ts';
import { writeCall } from './write-messages.ts';

/** An error is a message in words; an answer is one with a role. */
export function isErrorBody(body: JsonObject): boolean {
  return typeof body.message === 'string' && body.type === undefined;
}

/** Some answers end before they have begun; without a limit as the reason that is none. */
export function isEmptyEnd(reason: Json | undefined): boolean {
  return reason === undefined || reason === null || reason === 'COMPLETE';
}

function successOf(body: Json | undefined, readError: ErrorReader): JsonObject {
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if (isErrorBody(body)) throw readError(body);
  const { message, finish_reason: reason } = body;
  const failure = failureIn(body);
  if (failure !== null) throw readError(failure);
  if (!isObject(message)) throw new Fault('vendor_empty');
  const isSaid = [message.content, message.tool_calls].some(
    (said) => (Array.isArray(said) || typeof said === 'string') && said.length > 0,
  );
  if (!isSaid && isEmptyEnd(reason)) throw new Fault('vendor_empty');
  return message;
}

/** The failure with which an answer ends, as an error body; null: it is none. */
export function failureIn({ finish_reason: reason, error }: JsonObject): JsonObject | null {
  const words = typeof error === 'string' && error !== '' ? error : null;
  if (words === null && !hasFailed(reason)) return null;
  return { message: words ?? `The answer ended with ${String(reason)}.` };
}

/** An answer on its way to a caller of the same format. */
export function readWhole(text: string, readError: ErrorReader): ReadReply {
  const body = parseJson(text);
  const message = successOf(body, readError);
  return { body: body as Json, text, contentBytes: messageBytes(message) };
}

/** Bytes that the model wrote, for estimates where the vendor did not count. */
export function messageBytes({ content, tool_plan: plan, tool_calls: calls }: JsonObject): number {
  return textBytes(plan) + blockBytes(content) + blockBytes(calls);
}

const textBytes = (value: Json | undefined): number =>
  typeof value === 'string' ? Buffer.byteLength(value) : 0;

/** A block, or a list of them, or a call. */
function blockBytes(value: Json | undefined): number {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).reduce<number>((sum, one) => sum + blockBytes(one), 0);
  }
  if (!isObject(value ?? null)) return textBytes(value);
  const { text, thinking, function: made } = value as JsonObject;
  const call = isObject(made ?? null) ? (made as JsonObject) : {};
  return textBytes(text) + textBytes(thinking) + textBytes(call.name) + textBytes(call.arguments);
}

export function readReply(body: Json, readError: ErrorReader): TurnReply {
  const message = successOf(body, readError);
  const whole = body as JsonObject;
  const stop = readStop(whole.finish_reason);
  return {
    id: typeof whole.id === 'string' ? whole.id : '',
    model: '',
    createdS: 0,
    answers: [{ items: readItems(message), stop, stopSequence: null }],
    usage: readUsage(whole.usage),
  };
}

/** What a vendor sends wrongly is no fault of the caller. */
function readItems(message: JsonObject): readonly Item[] {
  try {
    return readAssistant({ of: message, path: 'message' });
  } catch (error) {
    throw new Fault('vendor_malformed', { cause: error });
  }
}

const NOTHING: Answered = { items: [], stop: 'stop', stopSequence: null };

/** One answer: the format has no place for more, and nobody can have asked for them in it. */
export function writeReply(reply: TurnReply, asked: AskedContext): Json {
  const answer = reply.answers[0] ?? NOTHING;
  return {
    id: reply.id || asked.callId,
    message: writeAnswer(answer.items),
    finish_reason: writeStop(answer.stop, answer.stopSequence),
    usage: writeUsage(reply.usage),
  };
}

function writeAnswer(items: readonly Item[]): JsonObject {
  const content: JsonObject[] = [];
  const citations: JsonObject[] = [];
  const calls: JsonObject[] = [];
  let plan = '';
  for (const item of items) {
    if (item.type === 'tool_call') calls.push(writeCall(item));
    else if (item.type === 'refusal') content.push({ type: 'text', text: item.text });
    else if (item.type === 'reasoning') {
      if (isPlan(item.seal)) plan += item.text;
      else if (item.text !== '') content.push({ type: 'thinking', thinking: item.text });
    } else if (item.type === 'message') {
      for (const part of item.content) {
        if (part.type !== 'text') continue;
        const at = content.length;
        citations.push(...(part.citations ?? []).map((one) => writeCitation(one, part.text, at)));
        content.push({ type: 'text', text: part.text });
      }
    }
  }
  return {
    role: 'assistant',
    ...(content.length === 0 && calls.length > 0 ? {} : { content }),
    ...(plan === '' ? {} : { tool_plan: plan }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(citations.length === 0 ? {} : { citations }),
  };
}
