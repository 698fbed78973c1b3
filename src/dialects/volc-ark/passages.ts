/** Services of Ark's own format: the caller's bytes but for the model, and what they used. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { isErrorBody } from '../openai-chat/reply.ts';
import type { ErrorReader, Passage, StreamWatch, WireRequest, WriteWish } from '../shape.ts';
import { storedHours } from './asks.ts';
import { PictureWatch } from './picture-watch.ts';

interface Ways {
  /** Whether the answer holds what was asked for. */
  readonly isGood: (body: JsonObject) => boolean;
  /** What the meter reads, where that is not the body as it came. */
  readonly count?: (body: JsonObject) => Json;
  readonly watch?: (readError: ErrorReader) => StreamWatch;
}

function passage(id: string, ways: Ways): Passage {
  return Object.freeze({
    id,
    writeRequest(request: WireRequest, wish: WriteWish) {
      const edits = new Map<string, FieldEdit>();
      if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
      return { text: editFields(request, edits), dropped: [] };
    },
    readReply(text: string, readError: ErrorReader) {
      const body = parseJson(text);
      if (!isObject(body)) throw new Fault('vendor_malformed');
      if (isErrorBody(body)) throw readError(body);
      if (!ways.isGood(body)) throw new Fault('vendor_malformed');
      return { body: ways.count?.(body) ?? body, text, contentBytes: 0 };
    },
    watch(_: WireRequest, readError: ErrorReader): StreamWatch {
      if (ways.watch === undefined) throw new Error(`${id} is not streamed`);
      return ways.watch(readError);
    },
  });
}

const hasList = ({ data }: JsonObject): boolean => Array.isArray(data) && data.length > 0;

/** The whole input is one vector, so `data` is one object. */
const multimodal = passage('volc-multimodal', { isGood: ({ data }) => isObject(data) });
const tokenization = passage('volc-tokenization', { isGood: hasList });
const pictures = passage('volc-pictures', {
  isGood: hasList,
  watch: (readError) => new PictureWatch(readError),
});

/** Storage is paid by tokens and hours, which stand apart in the answer. */
const context = passage('volc-context', {
  isGood: ({ id }) => typeof id === 'string' && id !== '',
  count(body) {
    const usage = isObject(body.usage) ? body.usage : {};
    const tokens = usage.prompt_tokens;
    if (typeof tokens !== 'number') return body;
    return { usage: { ...usage, context_token_hours: tokens * storedHours(body.ttl) } };
  },
});

export const VOLC_PASSAGES: readonly Passage[] = [multimodal, tokenization, pictures, context];
