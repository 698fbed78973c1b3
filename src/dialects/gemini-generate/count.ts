/** Counts of what a question would cost: its contents, or all of it, answered with a number. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import { objectAt } from '../fields.ts';
import { parseBody } from '../openai-chat/request.ts';
import type { Passage, Place, WireRequest } from '../shape.ts';
import { errorOf } from './reply.ts';
import { readRequest } from './request.ts';
import { rewrite } from './rewrite.ts';
import { DIALECT, pick } from './wire.ts';

export const COUNT_DIALECT = `${DIALECT}-count`;

/** Sized as the question that it is about; nothing is written, so no most is asked. */
export function readCountRequest(text: string, bytes: number, place: Place = {}): WireRequest {
  const { body, spans, open } = parseBody(text);
  const whole = pick(body, 'generateContentRequest');
  const inner = whole === undefined ? body : objectAt(whole, 'generateContentRequest');
  const asked = readRequest(JSON.stringify(inner), bytes, place);
  return { ...asked, text, body, spans, open, stream: false, outputTokensAsked: 0, choices: 1 };
}

export const geminiCountPassage: Passage = Object.freeze({
  id: COUNT_DIALECT,
  writeRequest: rewrite,
  readReply(text, readError) {
    const body = parseJson(text);
    const error = errorOf(body);
    if (error !== null) throw readError(error);
    if (!isObject(body) || typeof body.totalTokens !== 'number') {
      throw new Fault('vendor_malformed');
    }
    return { body, text, contentBytes: 0 };
  },
  watch() {
    throw new Error('a count is never streamed');
  },
} satisfies Passage);

export function writeCount(inputTokens: number): Json {
  return { totalTokens: inputTokens };
}
