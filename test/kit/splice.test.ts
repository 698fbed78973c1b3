import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Json, scanObject } from '../../src/kit/json.ts';
import { editFields, type FieldEdit, type ObjectText } from '../../src/kit/splice.ts';

function read(text: string): ObjectText {
  const scan = scanObject(text, 64);
  if (!scan.ok) throw new Error(scan.why);
  return { text, open: scan.open, spans: new Map(scan.spans.map((span) => [span.key, span])) };
}

const FIELDS = ['a', 'b', 'c', 'd', 'e"', '__proto__'];
const NEW_NAMES = ['x', 'y', 'z"', 'ü', 'v', 'w'];

const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const edit: fc.Arbitrary<FieldEdit> = fc.oneof(
  fc.constant('remove' as const),
  fc.record({ value }),
  fc.constant({ name: '' }),
);

const scene = fc.record({
  fields: fc.uniqueArray(fc.constantFrom(...FIELDS)),
  values: fc.array(value, { minLength: FIELDS.length, maxLength: FIELDS.length }),
  gap: fc.constantFrom('', ' ', '\n\t'),
  edits: fc.array(fc.option(edit), { minLength: FIELDS.length, maxLength: FIELDS.length }),
});

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function textOf({ fields, values, gap }: Scene): string {
  const parts = fields.map(
    (field, at) => `${gap}${JSON.stringify(field)}${gap}:${gap}${JSON.stringify(values[at])}${gap}`,
  );
  return `${gap}{${parts.join(',')}}${gap}`;
}

function editsOf({ edits }: Scene): Map<string, FieldEdit> {
  const chosen = new Map<string, FieldEdit>();
  edits.forEach((one, at) => {
    if (one === null) return;
    const named = one !== 'remove' && 'name' in one;
    chosen.set(FIELDS[at] as string, named ? { name: NEW_NAMES[at] as string } : one);
  });
  return chosen;
}

/** What the edited object must be, as a list, for `__proto__` is a name like any other. */
function wanted(body: Record<string, Json>, edits: ReadonlyMap<string, FieldEdit>) {
  const fields = new Map<string, Json>();
  for (const [field, old] of Object.entries(body)) {
    const change = edits.get(field);
    if (change === undefined) fields.set(field, old);
    else if (change !== 'remove') {
      if ('name' in change) fields.set(change.name, old);
      else fields.set(field, change.value);
    }
  }
  for (const [field, change] of edits) {
    if (change !== 'remove' && 'value' in change) fields.set(field, change.value);
  }
  return plain(Object.fromEntries(fields));
}

function plain(body: Record<string, Json>) {
  return Object.entries(body)
    .map(([field, one]) => `${field} ${JSON.stringify(one)}`)
    .sort();
}

describe('editFields', () => {
  test('does what the edits say, and leaves the bytes of other values alone', () => {
    fc.assert(
      fc.property(scene, (one) => {
        const text = textOf(one);
        const edits = editsOf(one);
        const before = read(text);
        const after = editFields(before, edits);
        const body = JSON.parse(text) as Record<string, Json>;
        expect(plain(JSON.parse(after) as Record<string, Json>)).toEqual(wanted(body, edits));
        const spans = read(after).spans;
        for (const [field, span] of before.spans) {
          if (edits.has(field)) continue;
          const kept = spans.get(field);
          expect(after.slice(kept?.valueStart, kept?.valueEnd)).toBe(
            text.slice(span.valueStart, span.valueEnd),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test('without edits the text is the same', () => {
    const text = ' { "a" : 1 , "b":[ ] } ';
    expect(editFields(read(text), new Map())).toBe(text);
    expect(editFields(read(text), new Map([['zz', 'remove']]))).toBe(text);
    expect(editFields(read(text), new Map([['zz', { name: 'y' }]]))).toBe(text);
  });

  test('a value is replaced in its place, to the byte', () => {
    const text = '{ "model" : "a" ,\n "n":{"model":"a"} }';
    expect(editFields(read(text), new Map([['model', { value: 'long/name' }]]))).toBe(
      '{ "model" : "long/name" ,\n "n":{"model":"a"} }',
    );
    expect(editFields(read(text), new Map([['model', { name: 'm' }]]))).toBe(
      '{ "m" : "a" ,\n "n":{"model":"a"} }',
    );
  });

  test('a field is added to an object that has none, and to one that loses all', () => {
    const add: FieldEdit = { value: 1 };
    expect(JSON.parse(editFields(read('{ }'), new Map([['a', add]])))).toEqual({ a: 1 });
    const swap = new Map<string, FieldEdit>([
      ['b', 'remove'],
      ['a', add],
    ]);
    expect(JSON.parse(editFields(read('{"b":2}'), swap))).toEqual({ a: 1 });
  });
});
