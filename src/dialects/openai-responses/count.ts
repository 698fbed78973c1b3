/** How many tokens a request for a response would read: asked of vendors that count in advance. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import type { Passage, WireRequest } from '../shape.ts';
import { readRequest } from './request.ts';
import { RESPONSES } from './seals.ts';
import { otherInput } from './write.ts';

export const COUNT_DIALECT = `${RESPONSES}-count`;
/** What changes nothing of the input is not taken. */
const UNCOUNTED = ['store', 'include', 'stream', 'stream_options', 'max_output_tokens'];

/** Nothing is written, so no most is asked. */
export function readCountRequest(text: string, bytes: number): WireRequest {
  return { ...readRequest(text, bytes), stream: false, outputTokensAsked: 0 };
}

export const openaiResponsesCountPassage: Passage = Object.freeze({
  id: COUNT_DIALECT,
  writeRequest(request, wish) {
    const edits = new Map<string, FieldEdit>();
    if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
    const input = otherInput(request, wish.tweaks);
    if (input !== null) edits.set('input', { value: input });
    for (const field of UNCOUNTED) {
      if (request.body[field] !== undefined) edits.set(field, 'remove');
    }
    return { text: editFields(request, edits), dropped: [] };
  },
  readReply(text, readError) {
    const body = parseJson(text);
    if (isObject(body) && (body.error ?? null) !== null) throw readError(body);
    if (!isObject(body) || typeof body.input_tokens !== 'number') {
      throw new Fault('vendor_malformed');
    }
    return { body, text, contentBytes: 0 };
  },
  watch() {
    throw new Error('a count is never streamed');
  },
} satisfies Passage);

export function writeCount(inputTokens: number): Json {
  return { object: 'response.input_tokens', input_tokens: inputTokens };
}
