/** Syntax is mended, meaning never: every case says what may be done, and what may not. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Json } from '../../src/kit/json.ts';
import { repairJson } from '../../src/kit/json-repair.ts';

describe('mended', () => {
  test.each([
    ['{"a":1}', { a: 1 }, []],
    ['```json\n{"a":1}\n```', { a: 1 }, ['fence']],
    ['Sure:\n```\n[1,2,]\n```\nDone.', [1, 2], ['fence', 'trailing_comma']],
    ['```json\n{"a":1}', { a: 1 }, ['fence']],
    ['Here you are: {"a":[1,2]} Anything else?', { a: [1, 2] }, ['prose']],
    ['See [1] and {name}: {"a":1}', { a: 1 }, ['prose']],
    ['The list: [1, {"a":2}].', [1, { a: 2 }], ['prose']],
    ['{"a":1,}', { a: 1 }, ['trailing_comma']],
    ['{"a":1 "b":2}', { a: 1, b: 2 }, ['missing_comma']],
    ["{'a': 'x\"y'}", { a: 'x"y' }, ['quotes']],
    ['{\u201ca\u201d: \u201cb\u201d}', { a: 'b' }, ['quotes']],
    ['{a: 1, $b_2: 2}', { a: 1, $b_2: 2 }, ['unquoted_key']],
    ['{"a":1, // one\n "b":2 /* two */ # three\n}', { a: 1, b: 2 }, ['comment']],
    ['{"a":"x\ny\tz"}', { a: 'x\ny\tz' }, ['raw_character']],
    ['{"a":"100\\% \\d+"}', { a: '100\\% \\d+' }, ['escape']],
    ['{"a":"it\\\'s"}', { a: "it's" }, ['escape']],
    ['{"a":True,"b":False,"c":None}', { a: true, b: false, c: null }, ['python_word']],
    ['{"a":.5,"b":5.,"c":+1,"d":-.5e3}', { a: 0.5, b: 5, c: 1, d: -500 }, ['number']],
    ['\ufeff{"a":1}', { a: 1 }, []],
    ['{"__proto__":{"x":1},}', JSON.parse('{"__proto__":{"x":1}}') as Json, ['trailing_comma']],
    ['{"a":"\\u00e9\\n\\"",}', { a: 'é\n"' }, ['trailing_comma']],
  ])('%j', (text, value, did) => {
    const repaired = repairJson(text);
    expect(repaired?.value).toEqual(value as Json);
    expect([...(repaired?.did ?? [])].map(String).sort()).toEqual([...did].sort());
    expect(JSON.parse(repaired?.text ?? '')).toEqual(value);
  });
});

describe('left alone, for it would be a guess', () => {
  test.each([
    ['nothing', ''],
    ['no JSON at all', 'I am sorry, I cannot do that.'],
    ['a value that is not there', '{"a":}'],
    ['undefined', '{"a":undefined}'],
    ['not a number', '{"a":NaN,"b":Infinity}'],
    ['a word that is no value', '{"a":hello}'],
    ['a number that may be a code', '{"a":007}'],
    ['a number that JSON has not', '{"a":0x10}'],
    ['digits in groups', '{"a":1_000}'],
    ['one string or two', '["a" "b"]'],
    ['quotes within quotes', '{"a":"he said "hi" to me"}'],
    ['a quote that is an apostrophe', "{'a': 'it's'}"],
    ['escape or backslash', '{"a":"C:\\dir\\new"}'],
    ['two answers', '{"a":1} or rather {"a":2}'],
    ['two blocks', '```\n{"a":1}\n```\n```\n{"a":2}\n```'],
    ['lines of JSON', '{"a":1}\n{"a":2}'],
    ['an ellipsis', '[1,2,...]'],
    ['a gap between commas', '[1,,2]'],
    ['no colon', '{"a" 1}'],
    ['the wrong bracket', '{"a":[1}'],
    ['a call around a string', 'answer("a")'],
    ['cut off in a string', '{"a":"unfin'],
    ['cut off after a member', '{"a":1'],
    ['a part of what stays broken', '{"result":{"a":1},"x":NaN}'],
    ['a part of a list that stays broken', 'So: [{"a":1},{"a":oops}]'],
    ['a comment without end', '{"a":1 /* b'],
  ])('%s', (_, text) => {
    expect(repairJson(text)).toBeNull();
  });
});

describe('cut off, and asked to be closed', () => {
  test.each([
    ['{"a":[1,{"b":"x"},{"c":"unf', { a: [1, { b: 'x' }, {}] }],
    ['{"a":1,"b":2', { a: 1 }],
    ['{"a":1,"b":tr', { a: 1 }],
    ['{"a":1,"b', { a: 1 }],
    ['{"a":1,"b":', { a: 1 }],
    ['{"a":1,', { a: 1 }],
    ['```json\n{"a":"x",', { a: 'x' }],
    ['{"a":"x\\', {}],
  ])('%j loses what is not whole', (text, value) => {
    const repaired = repairJson(text, { truncated: true });
    expect(repaired?.value).toEqual(value as Json);
    expect(repaired?.did).toContain('truncated');
  });

  test('any cut of any JSON keeps only members that were whole', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(), (value, at) => {
        const text = JSON.stringify({ a: value, b: value });
        const cut = text.slice(0, 1 + (at % (text.length - 1)));
        const repaired = repairJson(cut, { truncated: true });
        expect(isPart(repaired?.value ?? null, JSON.parse(text) as Json)).toBe(true);
      }),
    );
  });
});

/** Every member of `part` is one of `whole`. */
function isPart(part: Json, whole: Json): boolean {
  if (typeof part !== 'object' || part === null) return Object.is(part, whole) || part === whole;
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(([key, value]) => {
    const there = Object.entries(whole).find(([name]) => name === key);
    return there !== undefined && isPart(value, there[1]);
  });
}

describe('never another meaning', () => {
  test('good JSON comes back as it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(repairJson(text)).toEqual({ text, value: JSON.parse(text) as Json, did: [] });
      }),
    );
  });

  const unit = fc.constantFrom(...'"\'\\{}[],:/#*\n\tabTrue01. ', '\u201c', '\u2019', '`');

  test('what was broken in known ways means what it meant', () => {
    const leaf = fc.oneof(fc.string({ unit, maxLength: 8 }), fc.integer(), fc.boolean());
    const value = fc.dictionary(fc.string({ unit, maxLength: 4 }), leaf, { minKeys: 1 });
    fc.assert(
      fc.property(value, fc.constantFrom('fence', 'comma', 'prose'), (whole, how) => {
        const text = JSON.stringify(whole);
        const broken =
          how === 'fence'
            ? `\`\`\`json\n${text}\n\`\`\``
            : how === 'comma'
              ? `${text.slice(0, -1)},}`
              : `It is ${text}, as asked.`;
        expect(repairJson(broken)?.value).toEqual(JSON.parse(text));
      }),
    );
  });

  test('any text ends in JSON or in nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), fc.boolean(), (text, truncated) => {
        const repaired = repairJson(text, { truncated });
        if (repaired !== null) expect(JSON.parse(repaired.text)).toEqual(repaired.value);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('in time that grows with the text', () => {
  test.each([
    ['braces', '{'.repeat(1_000_000)],
    ['open lists', '[{"a":'.repeat(200_000)],
    ['fences', '```\n'.repeat(200_000)],
    ['backslashes', `{"a":"${'\\'.repeat(1_000_000)}`],
    ['comments', '/*'.repeat(500_000)],
    ['almost objects', '{x'.repeat(500_000)],
    ['missing commas', `{${'"a":1 '.repeat(200_000)}`],
    ['space', `${' '.repeat(1_000_000)}x`],
  ])('%s', (_, text) => {
    const started = performance.now();
    expect(repairJson(text)).toBeNull();
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
