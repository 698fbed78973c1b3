import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { tweak } from '../openai-chat/write.ts';
import type { Passage } from '../shape.ts';
import { withoutForeign } from './foreign.ts';

/** The caller's own text and version for a vendor of the same format: only the model differs,
 * and thoughts of other models are left out. */
export const rewrite: Passage['writeRequest'] = (request, wish) => {
  const edits = new Map<string, FieldEdit>();
  if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
  const messages = withoutForeign(request);
  if (messages !== null) edits.set('messages', { value: messages });
  const dropped = tweak(request, { ...wish, edits });
  const { headers } = request;
  const text = editFields(request, edits);
  return {
    text,
    dropped,
    ...(messages === null ? {} : { warnings: ['thoughts of other models were left out'] }),
    ...(headers === undefined ? {} : { headers }),
  };
};
