/** Schemas of strangers: compiled, kept, and never able to keep the process busy. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { compileSchema } from '../../src/kit/schema/compile.ts';
import { SchemaError } from '../../src/kit/schema/guard.ts';
import { PatternError, safePattern } from '../../src/kit/schema/pattern.ts';
import { isUnique } from '../../src/kit/schema/unique.ts';

const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2 },
    age: { type: 'integer' },
    role: { enum: ['a', 'b'] },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
    mail: { type: 'string', format: 'email' },
  },
  required: ['name', 'age'],
  additionalProperties: false,
};

function refusal(schema: Json): SchemaError {
  try {
    compileSchema(schema);
  } catch (error) {
    if (error instanceof SchemaError) return error;
    throw error;
  }
  throw new Error('was compiled');
}

/** Runs in less time than a hang would take; generous, for the machine may be busy. */
function quickly<T>(work: () => T): T {
  const started = performance.now();
  const made = work();
  expect(performance.now() - started).toBeLessThan(5_000);
  return made;
}

describe('problems', () => {
  const { check } = compileSchema(PERSON);

  test('none where the value fits', () => {
    expect(check({ name: 'Li', age: 3, tags: ['x', 'y'], mail: 'a@b.cn' })).toEqual([]);
  });

  test('each with its place and words that a model can mend by', () => {
    const value = { name: 'L', role: 'c', tags: ['x', 'x'], more: 1, mail: 'no' };
    expect(check(value)).toEqual([
      { pointer: '/age', message: 'is missing' },
      { pointer: '/more', message: 'must not be there' },
      { pointer: '/name', message: 'must NOT have fewer than 2 characters' },
      { pointer: '/role', message: 'must be one of ["a","b"]' },
      { pointer: '/tags', message: 'must not have the same item twice' },
      { pointer: '/mail', message: 'must match format "email"' },
    ]);
  });

  test('names are escaped, and at most twenty are told', () => {
    expect(compileSchema({ required: ['a/b~'] }).check({})[0]?.pointer).toBe('/a~1b~0');
    const items = { type: 'array', items: { type: 'string' } };
    expect(compileSchema(items).check(new Array(50).fill(1)).length).toBe(20);
  });

  test('true allows all, false nothing', () => {
    expect(compileSchema(true).check(1)).toEqual([]);
    expect(compileSchema(false).check(1).length).toBe(1);
  });

  test('the draft is that of $schema: siblings of $ref count in 2020-12 and not in 7', () => {
    const schema = { $defs: { s: { type: 'string' } }, $ref: '#/$defs/s', minLength: 3 };
    const seven = { ...schema, $schema: 'http://json-schema.org/draft-07/schema#' };
    expect(compileSchema(schema).check('a').length).toBe(1);
    expect(compileSchema(seven).check('a').length).toBe(0);
  });

  test('two schemas with one $id never meet', () => {
    const one = compileSchema({ $id: 'https://x.test/s', type: 'string' });
    const other = compileSchema({ $id: 'https://x.test/s', type: 'number' });
    expect([one.check('a').length, other.check('a').length]).toEqual([0, 1]);
  });

  test('the same schema is compiled once; the oldest goes first', () => {
    const first = compileSchema({ title: 'kept', type: 'null' });
    expect(compileSchema({ title: 'kept', type: 'null' })).toBe(first);
    for (let at = 0; at < 500; at += 1) compileSchema({ title: `t${at}`, type: 'null' });
    expect(compileSchema({ title: 'kept', type: 'null' })).not.toBe(first);
  });
});

describe('schemas that are refused', () => {
  const deep = (levels: number): JsonObject => {
    let schema: JsonObject = { type: 'string' };
    for (let at = 0; at < levels; at += 1) schema = { items: schema };
    return schema;
  };
  const many = Array.from({ length: 10_001 }, () => ({}));

  test.each([
    ['a list', [], '', 'must be an object'],
    ['no schema', { type: 'strnig' }, '/type', 'must be equal to one of the allowed values'],
    ['another draft', { $schema: 'http://json-schema.org/draft-03/schema' }, '/$schema', 'draft'],
    ['another document', { $ref: 'https://x.test/a.json' }, '', 'not fetched'],
    ['no such place', { $ref: '#/$defs/none' }, '', '#/$defs/none'],
    ['a value', { enum: [{}], items: { $ref: '#/enum/0' } }, '/items/$ref', 'a value (enum)'],
    ['a circle', { $ref: '#' }, '', 'sends the check round in circles'],
    ['a wide circle', { anyOf: [{ not: { $ref: '#' } }] }, '', 'in circles'],
    ['too deep', deep(70), undefined, '64 levels'],
    ['too many parts', { anyOf: many }, '', '10000 parts'],
    ['too long', { description: 'x'.repeat(300_000) }, '', '262144 characters'],
    ['a dynamic reference', { $dynamicRef: '#x' }, '/$dynamicRef', 'use $ref'],
    ['no pattern', { properties: { a: { pattern: '(' } } }, '/properties/a/pattern', 'regular'],
    ['a slow pattern', { pattern: '(?=(a+)+$)' }, '/pattern', 'for ever'],
    ['a slow name', { patternProperties: { '(?=(a|a)*$)': {} } }, undefined, 'for ever'],
  ] as [string, Json, string | undefined, string][])('%s', (...row) => {
    const [, schema, pointer, words] = row;
    const error = quickly(() => refusal(schema));
    expect(error.message).toContain(words);
    if (pointer !== undefined) expect(error.pointer).toBe(pointer);
  });
});

describe('schemas that would take for ever', () => {
  const doubled = (levels: number): JsonObject => {
    const $defs: Record<string, Json> = { d0: { type: 'string' } };
    for (let at = 1; at <= levels; at += 1) {
      const $ref = `#/$defs/d${at - 1}`;
      $defs[`d${at}`] = { anyOf: [{ $ref }, { $ref }] };
    }
    return { $defs, properties: { a: { $ref: `#/$defs/d${levels}` } } };
  };

  test('branches that double at each reference end in a problem', () => {
    const { check } = compileSchema(doubled(40));
    expect(quickly(() => check({ a: 1 }))[0]?.message).toContain('too many steps');
    expect(check({})).toEqual([]);
  });

  test('so do those hidden where no keyword is', () => {
    const schema = { hidden: { $defs: doubled(40).$defs ?? null }, $ref: '#/hidden/$defs/d40' };
    const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/hidden/$defs/');
    expect(refusal(JSON.parse(text) as Json).message).toContain('too many steps');
  });

  test('and those that double at each level of the answer', () => {
    const node = { properties: { x: { $ref: '#/$defs/n' } } };
    const branches = {
      anyOf: [
        { ...node, required: ['y'] },
        { ...node, required: ['z'] },
      ],
    };
    const { check } = compileSchema({ $defs: { n: branches }, $ref: '#/$defs/n' });
    let value: Json = {};
    for (let at = 0; at < 60; at += 1) value = { x: value };
    expect(quickly(() => check(value))[0]?.message).toContain('too many steps');
  });

  test('a list of unlike things is compared in one pass', () => {
    const items = Array.from({ length: 50_000 }, (_, at) => ({ at }));
    const { check } = compileSchema({ uniqueItems: true });
    expect(quickly(() => check(items))).toEqual([]);
    expect(quickly(() => check([...items, { at: 7 }])).length).toBe(1);
  });

  test('a format on a text that is far too long', () => {
    const text = `http://${'a'.repeat(1_000_000)}\n`;
    for (const format of ['uri', 'uri-reference', 'uri-template', 'url', 'email', 'hostname']) {
      expect(quickly(() => compileSchema({ format }).check(text))).toHaveLength(1);
    }
    expect(compileSchema({ format: 'uri' }).check('https://a.b/c?d#e')).toEqual([]);
  });

  test('five thousand properties compile', () => {
    const names = Array.from({ length: 5_000 }, (_, at) => `p${at}`);
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    expect(compileSchema({ properties, required: names }).check({}).length).toBe(20);
  }, 20_000);
});

describe('equal items', () => {
  test('by value, whatever the order of members', () => {
    expect(
      isUnique([
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ]),
    ).toBe(false);
    expect(isUnique([1, '1', [1], { 1: 1 }, null, 'null', true])).toBe(true);
  });
});

describe('patterns', () => {
  const HOSTILE = [
    '(a+)+$',
    '^(a|a)*$',
    '(.*a){12}',
    '^(\\w+\\s?)*$',
    '([a-z]+)*[0-9]',
    'a*a*a*a*b',
  ];

  test.each(HOSTILE)('%s ends on a long text', (source) => {
    const pattern = safePattern(source);
    const text = `${'a'.repeat(20_000)}!`;
    quickly(() => {
      try {
        pattern.test(text);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
      }
    });
  });

  test('what cannot be tried in time is told, not guessed', () => {
    const { check } = compileSchema({ type: 'string', pattern: '^(?=.*x)(?=.*y).*z$' });
    expect(check('xyz')).toEqual([]);
    expect(check('x'.repeat(100_000))[0]?.message).toContain('cannot be tried in time');
  });

  const PATTERNS = [
    ...['^[a-z]+(?:-[a-z0-9]+)*$', '^\\S+@\\S+\\.\\S+$', '(?:a.c)+', '^(?:\\s|\\d)*$', '(\\D\\b)+'],
    ...['^(?:[^\\s]x)*$', '^(?:\\p{L}|\\p{Script=Greek}+)*$', '(?:[\\w-]{2,3})+$', '^(?:[^])*$'],
  ];

  test('the engine of linear time agrees with the native one', () => {
    const unit = fc.constantFrom(...'aàcxα0 -_.@\n\u2028\u00a0\u3000z', '\u{1f600}');
    const text = fc.string({ unit, maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...PATTERNS), text, (source, subject) => {
        const native = new RegExp(source, 'u').test(subject);
        expect(safePattern(source).test(subject)).toBe(native);
      }),
      { numRuns: 2_000 },
    );
  });
});
