/** Changes to the top level of a JSON object that leave every other byte where it was. */
import type { Json, Span } from './json.ts';

/** What becomes of a field: another value (added where there is none), another name, or nothing. */
export type FieldEdit = { readonly value: Json } | { readonly name: string } | 'remove';

export interface ObjectText {
  readonly text: string;
  /** Offset of the opening brace. */
  readonly open: number;
  readonly spans: ReadonlyMap<string, Span>;
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with these edits. New fields stand first; removing joins the others by commas. */
export function editFields(object: ObjectText, edits: ReadonlyMap<string, FieldEdit>): string {
  const splices: Splice[] = [];
  let removes = false;
  const added: string[] = [];
  for (const [field, edit] of edits) {
    const span = object.spans.get(field);
    if (edit === 'remove') removes ||= span !== undefined;
    else if ('name' in edit) {
      if (span === undefined) continue;
      splices.push({ ...keyRange(span, object.text), text: JSON.stringify(edit.name) });
    } else {
      const text = JSON.stringify(edit.value);
      if (span === undefined) added.push(`${JSON.stringify(field)}:${text}`);
      else splices.push({ start: span.valueStart, end: span.valueEnd, text });
    }
  }
  if (removes) return withoutFields(object, edits, added);
  if (added.length > 0) {
    const text = added.join(',') + (object.spans.size > 0 ? ',' : '');
    // First, for a field that is renamed may begin at the same place.
    splices.unshift({ start: object.open + 1, end: object.open + 1, text });
  }
  return applySplices(object.text, splices);
}

function keyRange(span: Span, text: string): { start: number; end: number } {
  // Between the key and its value stands one colon, and perhaps space.
  const colon = text.lastIndexOf(':', span.valueStart);
  return { start: span.keyStart, end: text.lastIndexOf('"', colon) + 1 };
}

function applySplices(text: string, splices: readonly Splice[]): string {
  let out = '';
  let at = 0;
  for (const splice of [...splices].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, splice.start) + splice.text;
    at = splice.end;
  }
  return out + text.slice(at);
}

function withoutFields(
  object: ObjectText,
  edits: ReadonlyMap<string, FieldEdit>,
  added: readonly string[],
): string {
  const fields = [...added];
  for (const span of object.spans.values()) {
    const edit = edits.get(span.key);
    if (edit === 'remove') continue;
    const name = edit !== undefined && 'name' in edit ? edit.name : span.key;
    const value =
      edit !== undefined && 'value' in edit
        ? JSON.stringify(edit.value)
        : object.text.slice(span.valueStart, span.valueEnd);
    fields.push(`${JSON.stringify(name)}:${value}`);
  }
  return `{${fields.join(',')}}`;
}
