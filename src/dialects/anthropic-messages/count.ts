/** Counts of what a question would cost: the same body, answered with a number. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import type { Passage } from '../shape.ts';
import { DIALECT } from './blocks.ts';
import { isErrorBody } from './reply.ts';
import { rewrite } from './rewrite.ts';

export const COUNT_DIALECT = `${DIALECT}-count`;

export const anthropicCountPassage: Passage = Object.freeze({
  id: COUNT_DIALECT,
  writeRequest: rewrite,
  readReply(text, readError) {
    const body = parseJson(text);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (isErrorBody(body)) throw readError(body);
    if (typeof body.input_tokens !== 'number') throw new Fault('vendor_malformed');
    return { body, text, contentBytes: 0 };
  },
  watch() {
    throw new Error('a count is never streamed');
  },
} satisfies Passage);

export function writeCount(inputTokens: number): Json {
  return { input_tokens: inputTokens };
}
