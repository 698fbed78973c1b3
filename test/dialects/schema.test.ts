/** Schemas in what vendors take: the strict subset with its limits, and the way there and back. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { instanceOf } from '../../sandbox/schema.ts';
import { rewriteSchema } from '../../src/dialects/schema/rewrite.ts';
import { objectionsTo } from '../../src/dialects/schema/strict.ts';
import { STRICT_SUBSET, subsetOf } from '../../src/dialects/schema/subsets.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { compileSchema } from '../../src/kit/schema/compile.ts';

const closed = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const TEXT = { type: 'string' };

function objections(schema: JsonObject): [string, string][] {
  return objectionsTo(schema, STRICT_SUBSET).map(({ pointer, message }) => [pointer, message]);
}

describe('the strict subset', () => {
  test('takes what the guide shows', () => {
    const step = closed({ explanation: TEXT, output: TEXT });
    const steps = { type: 'array', items: step, minItems: 1 };
    const size = { type: ['number', 'null'], minimum: 0, multipleOf: 0.5 };
    const ui = closed({ children: { type: 'array', items: { $ref: '#' } }, kind: { enum: ['a'] } });
    expect(objections(closed({ steps, size, final_answer: TEXT }))).toEqual([]);
    expect(objections(ui)).toEqual([]);
    expect(
      objections(closed({ a: { anyOf: [{ $ref: '#/$defs/s' }, TEXT] } }, { $defs: { s: step } })),
    ).toEqual([]);
  });

  const words = (schema: JsonObject): string[] =>
    objections(schema).map(([pointer, message]) => `${pointer} ${message}`);

  test.each([
    ['an array at the root', { type: 'array', items: TEXT }, ' must be of type "object"'],
    ['anyOf at the root', { anyOf: [closed({})] }, ' must not have anyOf at the root'],
    ['an open object', { type: 'object', properties: {} }, ' "additionalProperties" is required'],
    [
      'an optional property',
      closed({ a: TEXT, b: TEXT }, { required: ['a'] }),
      '/required must list every property; "b" is missing',
    ],
    ['a name that is none', closed({}, { required: ['x'] }), '/required names "x"'],
    ['oneOf', closed({ a: { oneOf: [TEXT] } }), '/properties/a/oneOf "oneOf" is not permitted'],
    ['minLength', closed({ a: { ...TEXT, minLength: 1 } }), '/properties/a/minLength'],
    ['a default', closed({ a: { ...TEXT, default: '' } }), '/properties/a/default'],
    ['no type', closed({ a: {} }), '/properties/a needs a "type"'],
    ['no items', closed({ a: { type: 'array' } }), '/properties/a an array needs "items"'],
    [
      'deep inside',
      closed({ l: { type: 'array', items: { not: {} } } }),
      '/properties/l/items/not',
    ],
    [
      'a $ref in company',
      closed({ a: { $ref: '#', description: 'x' } }),
      '/properties/a/$ref must stand alone',
    ],
    ['a $ref elsewhere', closed({ a: { $ref: 'x.json' } }), '/properties/a/$ref must refer'],
    ['a name with a slash', closed({ 'a/b': { not: {} } }), '/properties/a~1b/not'],
  ])('objects to %s', (_, schema, expected) => {
    expect(words(schema as JsonObject).join('\n')).toContain(expected);
  });

  test('its limits', () => {
    const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, at) => [`p${at}`, TEXT]));
    const values = Array.from({ length: 1_001 }, (_, at) => `v${at}`);
    const long = Array.from({ length: 251 }, (_, at) => 'x'.repeat(60) + at);
    let deep: JsonObject = TEXT;
    for (let at = 0; at < 11; at += 1) deep = closed({ a: deep });
    const big = closed({ a: { enum: ['x'.repeat(120_000)] } });
    expect(words(closed(many))).toEqual([' has 5001 properties; 5000 are allowed']);
    expect(words(closed({ a: { enum: values } }))).toEqual([
      ' has 1001 enum values; 1000 are allowed',
    ]);
    expect(words(closed({ a: { enum: long } }))[0]).toContain('/properties/a/enum has 15');
    expect(words(deep)[0]).toContain('is nested more than 10 levels deep');
    expect(words(big)).toEqual([' has 120001 characters of names and values; 120000 are allowed']);
  });
});

function rewritten(schema: JsonObject, dialect = 'openai-chat') {
  const subset = subsetOf(dialect);
  if (subset === undefined) throw new Error(dialect);
  return rewriteSchema(schema, subset);
}

const DIALECTS = ['openai-chat', 'anthropic-messages', 'gemini-generate', 'cohere-chat'];

describe('rewritten', () => {
  test('an optional property is asked for as null, and removed again', () => {
    const schema = {
      type: 'object',
      properties: { a: TEXT, b: TEXT, c: { enum: ['x'] }, d: { type: ['string', 'null'] } },
      required: ['a', 'd'],
    };
    const made = rewritten(schema);
    expect(made?.schema).toEqual(
      closed({
        a: TEXT,
        b: { type: ['string', 'null'] },
        c: { anyOf: [{ enum: ['x'] }, { type: 'null' }] },
        d: { type: ['string', 'null'] },
      }),
    );
    expect(made?.restore({ a: 'x', b: null, c: null, d: null })).toEqual({ a: 'x', d: null });
    expect(made?.notes.join()).toContain('/properties/b: optional');
    expect(made?.looser).toBe(false);
  });

  test('in lists, branches, definitions and around a circle as well', () => {
    const node = { type: 'object', properties: { v: TEXT, next: { $ref: '#/definitions/n' } } };
    const list = { type: 'array', items: { oneOf: [node, { type: 'null' }] } };
    const schema = { definitions: { n: node }, ...closed({ list }) };
    const made = rewritten(schema);
    const answer = { list: [{ v: null, next: { v: 'x', next: null } }, null] };
    expect(made?.restore(answer)).toEqual({ list: [{ next: { v: 'x' } }, null] });
    expect(objectionsTo(made?.schema ?? {}, STRICT_SUBSET)).toEqual([]);
  });

  test('a root that is no object is wrapped, and its references lead on', () => {
    const schema = { type: 'array', items: { anyOf: [TEXT, { $ref: '#' }] } };
    const made = rewritten(schema);
    expect(made?.schema.properties).toEqual({
      value: { type: 'array', items: { anyOf: [TEXT, { $ref: '#/properties/value' }] } },
    });
    expect(made?.restore({ value: ['a', ['b']] })).toEqual(['a', ['b']]);
  });

  test('allOf is merged where both sides can be said at once', () => {
    const base = { type: 'object', properties: { a: { type: 'number', minimum: 1 } } };
    const more = { properties: { a: { type: 'integer', minimum: 3 }, b: TEXT }, required: ['b'] };
    const made = rewritten({ $defs: { base }, allOf: [{ $ref: '#/$defs/base' }, more] });
    expect(made?.schema.properties).toEqual({
      a: { type: ['integer', 'null'], minimum: 3 },
      b: TEXT,
    });
    expect(made?.looser).toBe(false);
  });

  test('oneOf with a mark becomes anyOf; without one our check is needed', () => {
    const cat = closed({ kind: { const: 'cat' }, a: TEXT });
    const dog = closed({ kind: { const: 'dog' }, a: TEXT });
    expect(rewritten(closed({ pet: { oneOf: [cat, dog] } }))?.looser).toBe(false);
    expect(rewritten(closed({ pet: { oneOf: [TEXT, { type: 'null' }] } }))?.looser).toBe(false);
    const vague = closed({ n: { oneOf: [{ type: 'number' }, { type: 'integer' }] } });
    expect(rewritten(vague)?.looser).toBe(true);
  });

  test('const becomes enum where the vendor has no const', () => {
    const made = rewritten(closed({ k: { const: 'x' } }), 'gemini-generate');
    expect(made?.schema.properties).toEqual({ k: { enum: ['x'] } });
  });

  test('what cannot be said is left out, and noted as checked here', () => {
    const schema = closed({ a: { ...TEXT, minLength: 3 }, l: { type: 'array', items: TEXT } });
    const made = rewritten(schema);
    expect(made?.schema.properties).toEqual({ a: TEXT, l: { type: 'array', items: TEXT } });
    expect(made?.notes).toEqual([
      'schema /properties/a: minLength is checked here, not by the vendor',
    ]);
    const few = rewritten(
      closed({ l: { type: 'array', items: { ...TEXT, format: 'regex' }, minItems: 3 } }),
      'anthropic-messages',
    );
    expect(few?.schema.properties).toEqual({ l: { type: 'array', items: TEXT, minItems: 1 } });
    expect(few?.notes.length).toBe(2);
  });

  test.each([
    ['free names', { type: 'object', additionalProperties: TEXT }],
    ['anything at all', closed({ a: {} })],
    ['a required name without a schema', closed({ a: TEXT }, { required: ['a', 'b'] })],
    ['nothing', closed({ a: false })],
  ])('null where it cannot be said: %s', (_, schema) => {
    expect(rewritten(schema as JsonObject)).toBeNull();
  });

  test('an object of optional properties alone gets them all where some must be required', () => {
    const mixed = closed({ a: TEXT, b: TEXT }, { required: ['a'] });
    const schema = closed({ some: mixed, all: closed({ a: TEXT }, { required: [] }) });
    const made = rewritten(schema, 'cohere-chat');
    expect(made?.schema.properties).toEqual({
      some: mixed,
      all: closed({ a: { type: ['string', 'null'] } }),
    });
    expect(made?.restore({ some: { a: 'x' }, all: { a: null } })).toEqual({
      some: { a: 'x' },
      all: {},
    });
    expect(rewritten(closed({ none: closed({}) }), 'cohere-chat')).toBeNull();
  });

  const leaf = fc.constantFrom<JsonObject>(
    TEXT,
    { type: 'integer', minimum: 2, maximum: 9 },
    { type: 'string', enum: ['a', 'b'] },
    { const: 'k' },
    { type: ['number', 'null'] },
    { type: 'string', format: 'date' },
  );
  const schema = fc.letrec<{ any: JsonObject; object: JsonObject }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      leaf,
      tie('object'),
      fc.record({ type: fc.constant('array'), items: tie('any') }),
      fc.record({ oneOf: fc.tuple(tie('object'), fc.constant({ type: 'null' })) }),
    ) as fc.Arbitrary<JsonObject>,
    object: fc
      .tuple(fc.dictionary(fc.constantFrom('p', 'q', 'r'), tie('any'), { minKeys: 1 }), fc.nat(7))
      .map(([properties, bits]) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).filter((_, at) => ((bits >> at) & 1) === 1),
      })),
  })).object;

  test('an answer to the rewritten schema, restored, fits the caller’s own', () => {
    for (const dialect of DIALECTS) {
      fc.assert(
        fc.property(schema, (own) => {
          const made = rewritten(own, dialect);
          if (made === null) throw new Error(`cannot be said: ${JSON.stringify(own)}`);
          const answer = instanceOf(made.schema as Json);
          expect(compileSchema(made.schema).check(answer)).toEqual([]);
          if (!made.looser) expect(compileSchema(own).check(made.restore(answer))).toEqual([]);
        }),
        { numRuns: 60 },
      );
    }
  });
});
