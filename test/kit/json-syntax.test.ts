/** A growing text is judged as JSON.parse judges it, at every cut. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseJson } from '../../src/kit/json.ts';
import { JsonSyntax } from '../../src/kit/json-syntax.ts';

function judge(...pieces: string[]): JsonSyntax {
  const syntax = new JsonSyntax();
  for (const piece of pieces) syntax.push(piece);
  return syntax;
}

describe('JSON that grows', () => {
  test('is whole where JSON.parse takes it, and at no cut before', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(), (text, at) => {
        const cut = at % (text.length + 1);
        const head = judge(text.slice(0, cut));
        expect(head.brokenAt).toBe(-1);
        expect(head.whole).toBe(parseJson(text.slice(0, cut)) !== undefined);
        expect(judge(text.slice(0, cut), text.slice(cut)).whole).toBe(true);
      }),
    );
  });

  test('is broken exactly where no JSON can follow', () => {
    const unit = fc.constantFrom(...'{}[],:"\\untrefals01.-+eE \n');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const syntax = judge(...text);
        expect(syntax.whole).toBe(parseJson(text) !== undefined);
        if (syntax.brokenAt >= 0) expect(parseJson(text)).toBeUndefined();
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ['{"a":1,}', 7],
    ['```json', 0],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['{"a":01}', 6],
    ['tru3', 3],
    ['"\\x"', 2],
    ['"\\u12g4"', 5],
    ['"a\nb"', 2],
    ['{} {}', 3],
    ['[1]]', 3],
    ['[}', 1],
  ])('%j breaks at %d', (text, at) => {
    expect(judge(...text).brokenAt).toBe(at);
  });

  test('a number is whole only where nothing more has to come', () => {
    expect([judge('-').whole, judge('1.').whole, judge('12').whole]).toEqual([false, false, true]);
  });

  test('depth is bounded', () => {
    expect(judge('['.repeat(300)).brokenAt).toBe(200);
  });
});
