import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { tweak } from '../openai-chat/write.ts';
import type { Passage } from '../shape.ts';
import { withoutForeign } from './foreign.ts';

/** The caller's own text for a vendor of the same format: even the model stands in the path. */
export const rewrite: Passage['writeRequest'] = (request, wish) => {
  const edits = new Map<string, FieldEdit>();
  const contents = withoutForeign(request);
  if (contents !== null) edits.set('contents', { value: contents });
  const dropped = tweak(request, { ...wish, edits });
  return {
    text: editFields(request, edits),
    dropped,
    ...(contents === null ? {} : { warnings: ['thoughts of other models were left out'] }),
  };
};
