/** A reader of nearly-JSON that writes JSON; see json-repair.ts. */
import type { Repair } from './json-repair.ts';

const DEPTH_MAX = 200;

/** It can be read in no way, or in more than one. */
export class Unreadable extends Error {}

/** Opening quote -> what closes it. */
const QUOTES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\u201c': '\u201d',
  '\u2018': '\u2019',
};
const WORDS: Readonly<Record<string, string>> = {
  true: 'true',
  false: 'false',
  null: 'null',
  True: 'true',
  False: 'false',
  None: 'null',
};
const SPACE = /[\s\ufeff]*/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const CUT_NUMBER = /[+-]?\d*\.?\d*(?:[eE][+-]?\d*)?/y;
const GOOD_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const AFTER_VALUE = /[\s,}\]/#]|$/y;
const PLAIN = /[^"'\\\p{Cc}\u201d\u2019]+/uy;
const ESCAPES = '"\\/bfnrt';
const LETTERS = 'bfnrt';

export class RepairReader {
  readonly did = new Set<Repair>();
  readonly #text: string;
  readonly #mayBeCut: boolean;
  #depth = 0;
  /** Has the string at hand escapes that JSON knows by a letter, and ones that it does not? */
  #lettered = false;
  #odd = false;
  at: number;

  constructor(text: string, at: number, mayBeCut: boolean) {
    this.#text = text;
    this.at = at;
    this.#mayBeCut = mayBeCut;
  }

  /** JSON text of the value here. */
  readValue(): string {
    const text = this.#tryValue();
    if (text === null) throw new Unreadable();
    return text;
  }

  skipSpace(): void {
    for (;;) {
      this.#match(SPACE);
      const two = this.#text.slice(this.at, this.at + 2);
      if (two === '/*') this.#skipTo('*/', 2);
      else if (two === '//' || two[0] === '#') this.#skipTo('\n', 1);
      else return;
      this.did.add('comment');
    }
  }

  /** null: the text ends before the value is whole, and that is allowed. */
  #tryValue(): string | null {
    this.skipSpace();
    const next = this.#text[this.at];
    if (next === undefined) return this.#cut();
    if (next === '{') return this.#readList('}');
    if (next === '[') return this.#readList(']');
    if (Object.hasOwn(QUOTES, next)) return this.#readString();
    return this.#readNumber() ?? this.#readWord();
  }

  #cut(): null {
    if (!this.#mayBeCut) throw new Unreadable();
    this.did.add('truncated');
    return null;
  }

  /** An object or an array: its members, joined anew. */
  #readList(close: '}' | ']'): string {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new Unreadable();
    this.at += 1;
    const members: string[] = [];
    for (;;) {
      this.skipSpace();
      if (this.#text[this.at] === close) break;
      const member = close === '}' ? this.#readMember() : this.#tryValue();
      if (member === null) return this.#closeList(members, close);
      members.push(member);
      const more = this.#readComma(close);
      if (more === 'cut') return this.#closeList(members, close);
      if (more === 'no') break;
    }
    this.at += 1;
    return this.#closeList(members, close);
  }

  #closeList(members: readonly string[], close: '}' | ']'): string {
    this.#depth -= 1;
    return `${close === '}' ? '{' : '['}${members.join(',')}${close}`;
  }

  #readMember(): string | null {
    const key = this.#readKey();
    if (key === null) return null;
    this.skipSpace();
    const colon = this.#text[this.at];
    if (colon === undefined) return this.#cut();
    if (colon !== ':') throw new Unreadable();
    this.at += 1;
    const value = this.#tryValue();
    return value === null ? null : `${key}:${value}`;
  }

  #readKey(): string | null {
    const next = this.#text[this.at];
    if (next === undefined) return this.#cut();
    if (Object.hasOwn(QUOTES, next)) return this.#readString();
    const word = this.#match(WORD);
    if (word === '') throw new Unreadable();
    if (this.at >= this.#text.length && this.#mayBeCut) return this.#cut();
    this.did.add('unquoted_key');
    return JSON.stringify(word);
  }

  #readComma(close: '}' | ']'): 'yes' | 'no' | 'cut' {
    this.skipSpace();
    const next = this.#text[this.at];
    if (next === close) return 'no';
    if (next === ',') {
      this.at += 1;
      this.skipSpace();
      if (this.#text[this.at] === close) this.did.add('trailing_comma');
      return 'yes';
    }
    if (next === undefined) {
      this.#cut();
      return 'cut';
    }
    // Between members of an object the next key tells; in a list two strings may be meant as one.
    if (close === '}' && next === '"') {
      this.did.add('missing_comma');
      return 'yes';
    }
    throw new Unreadable();
  }

  #readString(): string | null {
    const open = this.#text[this.at] ?? '';
    const close = QUOTES[open] ?? open;
    if (open !== '"') this.did.add('quotes');
    this.at += 1;
    this.#lettered = false;
    this.#odd = false;
    let out = '';
    for (;;) {
      out += this.#match(PLAIN);
      const next = this.#text[this.at];
      if (next === undefined) return this.#cut();
      this.at += 1;
      // Beside an escape that is none, another may be meant as it stands: C:\\dir\\new.
      if (this.#odd && this.#lettered) throw new Unreadable();
      if (next === close) return `"${out}"`;
      out += next === '\\' ? this.#readEscape() : this.#readOdd(next);
    }
  }

  #readOdd(next: string): string {
    if (next === '"') return '\\"';
    if (next >= ' ') return next;
    this.did.add('raw_character');
    return JSON.stringify(next).slice(1, -1);
  }

  /** What JSON does not know as an escape is taken as it stands. */
  #readEscape(): string {
    const next = this.#text[this.at] ?? '';
    if (next === 'u' && /^[0-9a-fA-F]{4}$/.test(this.#text.slice(this.at + 1, this.at + 5))) {
      this.at += 5;
      this.#lettered = true;
      return `\\u${this.#text.slice(this.at - 4, this.at)}`;
    }
    if (next !== '' && ESCAPES.includes(next)) {
      this.at += 1;
      this.#lettered ||= LETTERS.includes(next);
      return `\\${next}`;
    }
    if (next === '' && this.#mayBeCut) return '';
    this.did.add('escape');
    if (next === "'" || next === '\n') {
      this.at += 1;
      return next === "'" ? next : '\\n';
    }
    this.#odd = true;
    return '\\\\';
  }

  #readNumber(): string | null {
    const start = this.at;
    if (this.#mayBeCut && start > 0 && this.#isCutNumber()) return this.#cut();
    const number = this.#match(NUMBER);
    if (number === '') return null;
    this.#endOfValue(start);
    if (GOOD_NUMBER.test(number)) return number;
    // Leading zeros may be a code that was meant as text.
    if (/^[+-]?0\d/.test(number)) throw new Unreadable();
    this.did.add('number');
    return number
      .replace(/^\+/, '')
      .replace(/^(-?)\./, '$10.')
      .replace(/\.(?=$|[eE])/, '');
  }

  /** It goes on to the end of the text: more digits may have followed. */
  #isCutNumber(): boolean {
    const start = this.at;
    this.#match(CUT_NUMBER);
    const isCut = this.at >= this.#text.length;
    if (!isCut) this.at = start;
    return isCut;
  }

  #readWord(): string | null {
    const start = this.at;
    const word = this.#match(WORD);
    if (this.at >= this.#text.length && this.#mayBeCut && start > 0) return this.#cut();
    const good = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (good === undefined) throw new Unreadable();
    this.#endOfValue(start);
    if (good !== word) this.did.add('python_word');
    return good;
  }

  #endOfValue(start: number): void {
    AFTER_VALUE.lastIndex = this.at;
    if (this.at === start || !AFTER_VALUE.test(this.#text)) throw new Unreadable();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  #skipTo(mark: string, chars: number): void {
    const end = this.#text.indexOf(mark, this.at + 1);
    if (end < 0 && mark === '*/') throw new Unreadable();
    this.at = end < 0 ? this.#text.length : end + chars;
  }
}
