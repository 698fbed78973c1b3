/** Reads whole answers: what counts as a success, and how much was said. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import type { ErrorReader } from '../shape.ts';

/** The body of a true success. Faults: malformed, an error under status 200, no choices. */
export function readReply(text: string, readError: ErrorReader): Json {
  const body = parseJson(text);
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if (isErrorBody(body)) throw readError(body);
  if (!Array.isArray(body.choices) || body.choices.length === 0) throw new Fault('vendor_empty');
  return body;
}

/** Some vendors send their errors under status 200. */
export function isErrorBody(body: Json): boolean {
  return isObject(body) && body.error !== undefined && body.error !== null && body.error !== false;
}

/** Bytes of generated text, for estimates where the vendor did not count. */
export function replyContentBytes(body: Json): number {
  if (!isObject(body) || !Array.isArray(body.choices)) return 0;
  let bytes = 0;
  for (const choice of body.choices as readonly Json[]) {
    if (isObject(choice)) bytes += textBytes(choice.message ?? choice.delta ?? null);
  }
  return bytes;
}

const GENERATED = ['content', 'reasoning_content', 'reasoning', 'refusal'] as const;

function textBytes(message: Json): number {
  if (!isObject(message)) return 0;
  let bytes = 0;
  for (const field of GENERATED) {
    const value = message[field];
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
    else if (Array.isArray(value)) bytes += Buffer.byteLength(JSON.stringify(value));
  }
  return bytes + toolBytes(message.tool_calls);
}

/** Names and arguments, which is what a model writes of a tool call. */
function toolBytes(calls: Json | undefined): number {
  if (!Array.isArray(calls)) return 0;
  let bytes = 0;
  for (const call of calls as readonly Json[]) {
    if (!isObject(call) || !isObject(call.function)) continue;
    const { name, arguments: written } = call.function;
    if (typeof name === 'string') bytes += Buffer.byteLength(name);
    if (typeof written === 'string') bytes += Buffer.byteLength(written);
  }
  return bytes;
}
