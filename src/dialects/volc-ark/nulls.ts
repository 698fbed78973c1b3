/** Ark's own clients send every parameter that was not set as null: it means the same as absent. */
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { parseBody } from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';

const MAYBE_NULL = /:\s*null\s*[,}]/;

export type Parsed = Pick<WireRequest, 'text' | 'body' | 'spans' | 'open'> & {
  readonly bytes: number;
};

/** The body without fields that are null. Faults: `invalid_json`, `json_too_deep`. */
export function parseWithoutNulls(text: string, bytes: number): Parsed {
  const parsed = parseBody(text);
  if (!MAYBE_NULL.test(text)) return { text, bytes, ...parsed };
  const nulls = Object.entries(parsed.body).filter(([, value]) => value === null);
  if (nulls.length === 0) return { text, bytes, ...parsed };
  const edits = new Map<string, FieldEdit>(nulls.map(([field]) => [field, 'remove']));
  const shorter = editFields({ text, ...parsed }, edits);
  return { text: shorter, bytes: Buffer.byteLength(shorter), ...parseBody(shorter) };
}
