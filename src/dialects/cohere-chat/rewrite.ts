import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { tweak } from '../openai-chat/write.ts';
import type { Passage } from '../shape.ts';

/** The caller's own text for a vendor of the same format: only the model differs. */
export const rewrite: Passage['writeRequest'] = (request, wish) => {
  const edits = new Map<string, FieldEdit>();
  if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
  const dropped = tweak(request, { ...wish, edits });
  return { text: editFields(request, edits), dropped };
};
