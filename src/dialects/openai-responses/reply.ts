/** Whole answers on their way to a caller of the same format, untouched. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ErrorReader, ReadReply } from '../shape.ts';
import { readResponse } from './reply-turn.ts';

export function readReply(text: string, readError: ErrorReader): ReadReply {
  const body = parseJson(text);
  if (body === undefined) throw new Fault('vendor_malformed');
  const response = readResponse(body, readError);
  return { body, text, contentBytes: contentBytes(response.output as readonly Json[]) };
}

/** Bytes that the model wrote: texts, thoughts, refusals, names and arguments of calls. */
function contentBytes(output: readonly Json[]): number {
  let bytes = 0;
  for (const item of output) {
    if (!isObject(item)) continue;
    for (const list of [item.content, item.summary]) {
      if (Array.isArray(list)) for (const part of list as readonly Json[]) bytes += partBytes(part);
    }
    bytes += textBytes(item, ['name', 'arguments']);
  }
  return bytes;
}

const partBytes = (part: Json): number =>
  isObject(part) ? textBytes(part, ['text', 'refusal']) : 0;

function textBytes(of: JsonObject, fields: readonly string[]): number {
  let bytes = 0;
  for (const field of fields) {
    const value = of[field];
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
  }
  return bytes;
}
