/**
 * Regular expressions of strangers. The native engine is exact and quick, but some patterns keep it
 * busy for ages; what it may cost is bounded from the pattern's shape and the text's length, and
 * beyond that an engine of linear time takes over.
 */
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import { RE2JS } from 're2js';

const PATTERN_CHARS_MAX = 1_000;
/** Ways through the pattern that the native engine may be made to try. */
const NATIVE_WAYS_MAX = 1e7;
/** Characters of text times characters of pattern for the linear engine. */
const LINEAR_WORK_MAX = 2e8;

/** This pattern cannot be used; `message` says why. */
export class PatternError extends Error {}

/** The pattern as Ajv wants one. */
export interface SafePattern {
  /** Throws PatternError where the text is too long to be judged in time. */
  test(text: string): boolean;
  toString(): string;
}

const parser = new RegExpParser({ ecmaVersion: 2024 });

export function safePattern(source: string): SafePattern {
  if (source.length > PATTERN_CHARS_MAX) {
    throw new PatternError(`is longer than ${PATTERN_CHARS_MAX} characters`);
  }
  const { native, tree } = parse(source);
  const ways = waysOf(tree);
  const linear = makeLinear(tree);
  if (linear === null && ways.power === Number.POSITIVE_INFINITY) {
    throw new PatternError(
      'repeats what may itself match in several ways, together with a look-around, a back ' +
        'reference or the like: that can take for ever',
    );
  }
  const label = `/${source}/`;
  return {
    test(text) {
      if (waysFor(ways, text.length) <= NATIVE_WAYS_MAX) return native.test(text);
      if (linear !== null && text.length * source.length <= LINEAR_WORK_MAX) {
        return linear.matcher(text).find();
      }
      throw new PatternError(`cannot be tried in time on a text of ${text.length} characters`);
    },
    toString: () => label,
  };
}

/** With Unicode where the pattern allows it: many in use escape what need not be. */
function parse(source: string): { readonly native: RegExp; readonly tree: AST.Pattern } {
  for (const unicode of [true, false]) {
    try {
      const tree = parser.parsePattern(source, 0, source.length, { unicode });
      return { native: new RegExp(source, unicode ? 'u' : ''), tree };
    } catch {
      // Tried again without Unicode, or told below.
    }
  }
  throw new PatternError('is not a regular expression');
}

/** At most `e^log * length^power` ways to try, from one place of the text. */
interface Ways {
  readonly log: number;
  readonly power: number;
}

const ONE_WAY: Ways = { log: 0, power: 0 };

function waysFor({ log, power }: Ways, length: number): number {
  if (power === Number.POSITIVE_INFINITY) return power;
  return Math.exp(log) * Math.max(1, length) ** power;
}

/** A pattern that is not tied to the beginning starts anew at each character. */
function waysOf(tree: AST.Pattern): Ways {
  const { log, power } = ofAlternatives(tree.alternatives);
  const tied = tree.alternatives.every(({ elements }) => {
    const [first] = elements;
    return first?.type === 'Assertion' && first.kind === 'start';
  });
  return { log, power: power + (tied ? 0 : 1) };
}

function ofAlternatives(alternatives: readonly AST.Alternative[]): Ways {
  let log = Math.log(alternatives.length);
  let power = 0;
  for (const { elements } of alternatives) {
    for (const element of elements) {
      const ways = ofElement(element);
      log += ways.log;
      power += ways.power;
    }
  }
  return { log, power };
}

function ofElement(element: AST.Element): Ways {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return ofAlternatives(element.alternatives);
    case 'Assertion':
      return 'alternatives' in element ? ofAlternatives(element.alternatives) : ONE_WAY;
    case 'Quantifier':
      return ofQuantifier(element);
    case 'Backreference':
      // It compares text that may be as long as all of it.
      return { log: 0, power: 1 };
    default:
      return ONE_WAY;
  }
}

function ofQuantifier({ min, max, element }: AST.Quantifier): Ways {
  const inner = ofElement(element);
  const isPlain = inner.log === 0 && inner.power === 0;
  if (max === Number.POSITIVE_INFINITY) {
    return isPlain ? { log: 0, power: 1 } : { log: 0, power: Number.POSITIVE_INFINITY };
  }
  const choices = Math.log(max - min + 1);
  return isPlain
    ? { log: choices, power: 0 }
    : { log: choices + inner.log * max, power: inner.power * max };
}

/** The same pattern for the linear engine, or null where it cannot say it. */
function makeLinear(tree: AST.Pattern): RE2JS | null {
  try {
    return RE2JS.compile(writeAlternatives(tree.alternatives));
  } catch {
    return null;
  }
}

class Unsaid extends Error {}

function writeAlternatives(alternatives: readonly AST.Alternative[]): string {
  return alternatives.map(({ elements }) => elements.map(writeElement).join('')).join('|');
}

function writeElement(element: AST.Element): string {
  switch (element.type) {
    case 'Group':
      if (element.modifiers !== null) throw new Unsaid();
      return `(?:${writeAlternatives(element.alternatives)})`;
    case 'CapturingGroup':
      return `(?:${writeAlternatives(element.alternatives)})`;
    case 'Assertion':
      return writeAssertion(element);
    case 'Quantifier':
      return `(?:${writeElement(element.element)})${writeCount(element)}`;
    case 'Character':
      return writeCharacter(element.value);
    case 'CharacterSet':
      return `[${writeSet(element)}]`;
    case 'CharacterClass':
      return writeClass(element);
    default:
      throw new Unsaid();
  }
}

function writeAssertion(assertion: AST.Assertion): string {
  if (assertion.kind === 'start') return '\\A';
  if (assertion.kind === 'end') return '\\z';
  if (assertion.kind === 'word') return assertion.negate ? '\\B' : '\\b';
  throw new Unsaid();
}

function writeCount({ min, max }: AST.Quantifier): string {
  return max === Number.POSITIVE_INFINITY ? `{${min},}` : `{${min},${max}}`;
}

const writeCharacter = (code: number): string => `\\x{${code.toString(16)}}`;

const SPACES =
  '\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}' +
  '\\x{3000}\\x{feff}';
const NO_SPACES =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}' +
  '\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-' +
  '\\x{10ffff}';
const NO_LINE_ENDS = '\\x{0}-\\x{9}\\x{b}\\x{c}\\x{e}-\\x{2027}\\x{202a}-\\x{10ffff}';

/** What stands between brackets; sets differ between the engines, so they are written out. */
function writeSet(set: AST.CharacterSet): string {
  switch (set.kind) {
    case 'any':
      return NO_LINE_ENDS;
    case 'digit':
      return set.negate ? '\\D' : '\\d';
    case 'word':
      return set.negate ? '\\W' : '\\w';
    case 'space':
      return set.negate ? NO_SPACES : SPACES;
    default:
      return writeProperty(set);
  }
}

const CATEGORIES: Readonly<Record<string, string>> = {
  Letter: 'L',
  Uppercase_Letter: 'Lu',
  Lowercase_Letter: 'Ll',
  Mark: 'M',
  Number: 'N',
  Decimal_Number: 'Nd',
  Punctuation: 'P',
  Symbol: 'S',
  Separator: 'Z',
};

function writeProperty(set: AST.UnicodePropertyCharacterSet): string {
  const { key, value } = set;
  const isScript = key === 'Script' || key === 'sc';
  const isCategory = key === 'General_Category' || key === 'gc';
  const name = isScript || isCategory ? value : value === null ? key : null;
  if (name === null || name === undefined) throw new Unsaid();
  return `\\${set.negate ? 'P' : 'p'}{${CATEGORIES[name] ?? name}}`;
}

function writeClass(found: AST.CharacterClass): string {
  if (found.unicodeSets) throw new Unsaid();
  const inside = found.elements
    .map((element) => {
      if (element.type === 'Character') return writeCharacter(element.value);
      if (element.type === 'CharacterSet') return writeSet(element);
      if (element.type !== 'CharacterClassRange') throw new Unsaid();
      return `${writeCharacter(element.min.value)}-${writeCharacter(element.max.value)}`;
    })
    .join('');
  if (inside === '') return found.negate ? '[\\x{0}-\\x{10ffff}]' : '[^\\x{0}-\\x{10ffff}]';
  return `[${found.negate ? '^' : ''}${inside}]`;
}
