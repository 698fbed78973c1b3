/**
 * What callers of resellers send, whose pages document it so: `seen` where seed is meant, tools as
 * names or none at all, an empty tool_choice. It is read as it is meant, and said.
 */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { editFields, type FieldEdit, type ObjectText } from '../../kit/splice.ts';

export interface Lenient {
  readonly text: string;
  readonly warnings: readonly string[];
}

/** null: there is nothing to read otherwise, as is the case for almost all. */
export function readLeniently(body: JsonObject, object: ObjectText): Lenient | null {
  const edits = new Map<string, FieldEdit>();
  const warnings: string[] = [];
  if (object.spans.has('seen')) {
    const isAlone = (body.seed ?? null) === null && body.seen !== null;
    if (isAlone && object.spans.has('seed')) edits.set('seed', 'remove');
    edits.set('seen', isAlone ? { name: 'seed' } : 'remove');
    warnings.push(isAlone ? 'seen was read as seed' : 'seen was left out');
  }
  const names = Array.isArray(body.tools) ? (body.tools as readonly Json[]) : [];
  const areNames = names.length > 0 && names.every((tool) => typeof tool === 'string');
  if (areNames) {
    edits.set('tools', 'remove');
    warnings.push('tools were names without definitions and were left out');
  }
  const areNone = Array.isArray(body.tools) && names.length === 0;
  if (areNone) {
    edits.set('tools', 'remove');
    warnings.push('tools was empty and was left out');
  }
  const choice = body.tool_choice;
  const isEmpty = isObject(choice) && Object.keys(choice).length === 0;
  if (isEmpty || ((areNames || areNone) && (choice ?? null) !== null)) {
    edits.set('tool_choice', 'remove');
    warnings.push(isEmpty ? 'tool_choice was empty and was left out' : 'so was tool_choice');
  }
  return edits.size === 0 ? null : { text: editFields(object, edits), warnings };
}
