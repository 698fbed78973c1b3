/** Whole answers, in both directions. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { AskedContext, ErrorReader } from '../shape.ts';
import type { Answered, Citation, Item, TurnReply } from '../turn.ts';
import { readAssistant } from './message-read.ts';
import { writeCall } from './message-write.ts';
import { isErrorBody } from './reply.ts';
import { openOwn, writeCallDetail, writeDetail } from './seals.ts';
import { readStop, readUsage, writeStop, writeUsage } from './usage.ts';

/** Throws an error under status 200. Faults: `vendor_malformed`, `vendor_empty`, `vendor_cut`. */
export function readTurnReply(body: Json, readError: ErrorReader): TurnReply {
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if (isErrorBody(body)) throw readError(body);
  const choices = Array.isArray(body.choices) ? (body.choices as readonly Json[]) : [];
  if (choices.length === 0) throw new Fault('vendor_empty');
  return {
    id: typeof body.id === 'string' ? body.id : '',
    model: typeof body.model === 'string' ? body.model : '',
    createdS: typeof body.created === 'number' ? Math.floor(body.created) : 0,
    answers: choices.map(readChoice),
    usage: readUsage(body.usage),
  };
}

function readChoice(choice: Json): Answered {
  if (!isObject(choice) || !isObject(choice.message)) throw new Fault('vendor_malformed');
  const items = readItems(tidy(choice.message));
  const said = {
    calls: items.some(({ type }) => type === 'tool_call'),
    refusal: items.some(({ type }) => type === 'refusal'),
  };
  return { items, stop: readStop(choice.finish_reason, said), stopSequence: null };
}

function readItems(message: JsonObject): readonly Item[] {
  try {
    const { items } = readAssistant({ of: message, path: '' });
    const [only] = items;
    const isEmpty = items.length === 1 && only?.type === 'message' && only.content.length === 0;
    return isEmpty ? [] : items;
  } catch (error) {
    throw new Fault('vendor_malformed', { cause: error });
  }
}

/** The one old call becomes a new one; calls without an id get one. */
function tidy(message: JsonObject): JsonObject {
  const old = message.function_call;
  const listed = Array.isArray(message.tool_calls) ? (message.tool_calls as readonly Json[]) : [];
  const calls: readonly Json[] =
    isObject(old) && listed.length === 0 ? [{ function: old }] : listed;
  if (calls.length === 0) return message;
  const tool_calls = calls.map((call, index) => {
    const isNamed = isObject(call) && typeof call.id === 'string' && call.id !== '';
    return isNamed || !isObject(call) ? call : { ...call, id: `call_${index}` };
  });
  return { ...message, tool_calls };
}

export function writeTurnReply(reply: TurnReply, asked: AskedContext): Json {
  return {
    id: reply.id || asked.callId,
    object: 'chat.completion',
    created: reply.createdS || asked.nowS,
    model: reply.model || asked.request.model,
    choices: reply.answers.map((answer, index) => ({
      index,
      message: writeAnswer(answer.items),
      logprobs: null,
      finish_reason: writeStop(answer.stop),
    })),
    ...(reply.usage === null ? {} : { usage: writeUsage(reply.usage) }),
  };
}

/** The one message of an answer, with thoughts and their seals where seals.ts says. */
function writeAnswer(items: readonly Item[]): JsonObject {
  const texts: string[] = [];
  const citations: Citation[] = [];
  const refusals: string[] = [];
  const calls: JsonObject[] = [];
  const thoughts: Extract<Item, { type: 'reasoning' }>[] = [];
  const details: JsonObject[] = [];
  for (const item of items) {
    if (item.type === 'reasoning') thoughts.push(item);
    else if (item.type === 'refusal') refusals.push(item.text);
    else if (item.type === 'tool_call') {
      calls.push(writeCall(item));
      if (item.seal !== null) details.push(writeCallDetail(item.id, item.seal));
    } else if (item.type === 'message') {
      for (const part of item.content) {
        if (part.type !== 'text') continue;
        citations.push(...moveCitations(part.citations ?? [], texts.join('').length));
        texts.push(part.text);
      }
    }
  }
  const content = texts.join('');
  const isSilent = content === '' && (calls.length > 0 || refusals.length > 0);
  return {
    role: 'assistant',
    content: isSilent ? null : content,
    refusal: refusals.length === 0 ? null : refusals.join(''),
    ...(citations.length === 0 ? {} : { annotations: citations.flatMap(writeCitation) }),
    ...writeThoughts(thoughts, details),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function writeThoughts(
  thoughts: readonly Extract<Item, { type: 'reasoning' }>[],
  callDetails: readonly JsonObject[],
): JsonObject {
  const text = thoughts.map((item) => item.text).join('');
  const own = Object.assign({}, ...thoughts.map(({ seal }) => openOwn(seal))) as JsonObject;
  const foreign = thoughts.filter((item) => Object.keys(openOwn(item.seal)).length === 0);
  const isSealed = foreign.some(({ seal }) => seal !== null);
  const details = [...(isSealed ? foreign.map(writeDetail) : []), ...callDetails];
  const theirs = Array.isArray(own.reasoning_details) ? own.reasoning_details : [];
  const all = [...(theirs as readonly Json[]), ...details];
  return {
    ...(text === '' ? {} : { reasoning_content: text }),
    ...own,
    ...(all.length === 0 ? {} : { reasoning_details: all }),
  };
}

/** Offsets count from the start of the whole text. */
function moveCitations(citations: readonly Citation[], by: number): Citation[] {
  return citations.map((citation) => ({
    ...citation,
    start: citation.start === null ? null : citation.start + by,
    end: citation.end === null ? null : citation.end + by,
  }));
}

/** One without an address has no form here. */
export function writeCitation(citation: Citation): JsonObject[] {
  const { url, title, start, end } = citation;
  if (url === null) return [];
  const place = { start_index: start ?? 0, end_index: end ?? 0 };
  return [{ type: 'url_citation', url_citation: { url, title: title ?? url, ...place } }];
}
