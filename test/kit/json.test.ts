import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Json, parseJson, scanObject } from '../../src/kit/json.ts';

const RUNS = { numRuns: 300 };
const DEPTH_MAX = 64;

/** JSON text of a value, with space and escapes wherever JSON allows them. */
function spell(value: Json, pick: () => number): string {
  const gap = (): string => ['', '', ' ', '\n', '\t', '\r\n  '][pick() % 6] as string;
  if (typeof value === 'string') return spellText(value, pick);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = Array.isArray(value)
    ? value.map((one) => gap() + spell(one, pick) + gap())
    : Object.entries(value).map(
        ([key, one]) =>
          `${gap()}${spellText(key, pick)}${gap()}:${gap()}${spell(one, pick)}${gap()}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}${inner.join(',') || gap()}${close}`;
}

function spellText(text: string, pick: () => number): string {
  const chars = [...JSON.stringify(text).slice(1, -1)].join('');
  if (chars.includes('\\')) return `"${chars}"`;
  // Any character may be written as an escape.
  const spelled = [...text].map((char) =>
    pick() % 5 === 0 && char.length === 1
      ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
      : char,
  );
  return `"${spelled.join('')}"`;
}

const jsonObject = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom('model', 'a"b', 'c\\', '{', '__proto__', 'toString')),
  fc.jsonValue({ maxDepth: 5 }),
  { maxKeys: 8 },
);

const spelledObject = fc
  .tuple(jsonObject, fc.infiniteStream(fc.nat(1_000)))
  .map(([body, picks]) => {
    const outer = spell(body as Json, () => picks.next().value as number);
    return { body, text: ` ${outer}\n` };
  });

describe('scanObject', () => {
  test('finds each top-level field where JSON.parse finds it', () => {
    fc.assert(
      fc.property(spelledObject, ({ text }) => {
        const scan = scanObject(text, DEPTH_MAX);
        if (!scan.ok) throw new Error(scan.why);
        const whole = JSON.parse(text) as Record<string, unknown>;
        expect(text[scan.open]).toBe('{');
        expect(scan.spans.map((span) => span.key).sort()).toEqual(Object.keys(whole).sort());
        for (const { key, keyStart, valueStart, valueEnd } of scan.spans) {
          expect(JSON.parse(text.slice(valueStart, valueEnd))).toEqual(whole[key]);
          expect(text[keyStart]).toBe('"');
          expect(text.slice(valueStart, valueEnd).trim()).toBe(text.slice(valueStart, valueEnd));
        }
      }),
      RUNS,
    );
  });

  test('ends within bounds on anything', () => {
    const garbage = fc
      .array(fc.constantFrom(...'{}[]",:\\ \n0a', '"a"', '\\"', '{"a":', 'null'), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(garbage, fc.string()), (text) => {
        const scan = scanObject(text, DEPTH_MAX);
        if (!scan.ok) return;
        for (const span of scan.spans) {
          expect(span.keyStart).toBeGreaterThan(scan.open);
          expect(span.valueStart).toBeGreaterThan(span.keyStart);
          expect(span.valueEnd).toBeGreaterThan(span.valueStart);
          expect(span.valueEnd).toBeLessThan(text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('cut anywhere, it says shape', () => {
    const text = '{"model" : "a\\"b", "n": [1, {"x": "}"}], "z": -1.5e3 }';
    for (let at = 0; at < text.length; at += 1) {
      expect(scanObject(text.slice(0, at), DEPTH_MAX)).toEqual({ ok: false, why: 'shape' });
    }
    expect(scanObject(text, DEPTH_MAX).ok).toBeTrue();
  });

  test('shows a doubled field twice', () => {
    const scan = scanObject('{"a":1,"\\u0061":2,"b":{"a":3}}', DEPTH_MAX);
    expect(scan.ok && scan.spans.map((span) => span.key)).toEqual(['a', 'a', 'b']);
  });

  test.each([
    [64, true],
    [65, false],
    [100_000, false],
  ])('%d levels: %p', (levels, ok) => {
    const nested = `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(scanObject(nested, DEPTH_MAX)).toMatchObject(ok ? { ok } : { ok, why: 'depth' });
    const open = `{"a":${'{"b":'.repeat(levels - 1)}`;
    expect(scanObject(open, DEPTH_MAX)).toMatchObject(
      ok ? { ok: false, why: 'shape' } : { ok: false, why: 'depth' },
    );
  });

  test.each(['', ' ', '[]', '"a"', 'null', '\uFEFF{}', '{', '{"', '{"a', '}'])(
    'is not an object: %j',
    (text) => {
      expect(scanObject(text, DEPTH_MAX)).toEqual({ ok: false, why: 'shape' });
    },
  );

  test('a megabyte of quotes and backslashes takes no longer than its length', () => {
    const text = JSON.stringify({ a: '\\"'.repeat(500_000), model: 'm' });
    const scan = scanObject(text, DEPTH_MAX);
    expect(scan.ok && scan.spans.map((span) => span.key)).toEqual(['a', 'model']);
  });
});

test('parseJson answers undefined for what is not JSON', () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 });
  expect(parseJson('null')).toBeNull();
  expect(parseJson('{a:1}')).toBeUndefined();
  expect(parseJson('')).toBeUndefined();
});
