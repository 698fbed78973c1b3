/** Watches JSON text grow: whether it may still become JSON, is whole, or is broken, and where. */

const DEPTH_MAX = 200;

type Expect = 'value' | 'value_or_end' | 'key' | 'key_or_end' | 'colon' | 'comma' | 'nothing';
type Inside = 'none' | 'string' | 'key' | 'escape' | 'hex' | 'word';

const WORD_CHARACTER = /[-+.\w]/;
const WORD = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const NUMBER_START =
  /^-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:[eE](?:[+-]?\d*)?)?)?|[eE](?:[+-]?\d*)?)?)?$/;
const WORDS: readonly string[] = ['true', 'false', 'null'];
const WORD_CHARS_MAX = 400;

/** Whether a number or a word of JSON may begin so. */
const mayGrow = (word: string): boolean =>
  NUMBER_START.test(word) || WORDS.some((one) => one.startsWith(word));

export class JsonSyntax {
  /** Offset of the first character that cannot stand there; -1: none so far. */
  brokenAt = -1;
  #read = 0;
  #expect: Expect = 'value';
  #inside: Inside = 'none';
  #isKey = false;
  #hex = 0;
  #word = '';
  /** Open brackets, innermost last. */
  readonly #open: ('{' | '[')[] = [];

  push(text: string): void {
    for (let at = 0; at < text.length && this.brokenAt < 0; at += 1) {
      if (!this.#step(text[at] ?? '')) this.brokenAt = this.#read + at;
    }
    this.#read += text.length;
  }

  /** Whether what came is one whole value. */
  get whole(): boolean {
    if (this.brokenAt >= 0 || this.#open.length > 0) return false;
    if (this.#inside === 'word') return WORD.test(this.#word);
    return this.#inside === 'none' && this.#expect === 'nothing';
  }

  #step(next: string): boolean {
    switch (this.#inside) {
      case 'string':
        return this.#inString(next);
      case 'escape':
        this.#inside = next === 'u' ? 'hex' : 'string';
        this.#hex = 0;
        return '"\\/bfnrtu'.includes(next);
      case 'hex':
        this.#hex += 1;
        if (this.#hex === 4) this.#inside = 'string';
        return /[0-9a-fA-F]/.test(next);
      case 'word':
        return this.#inWord(next);
      default:
        return this.#between(next);
    }
  }

  #inString(next: string): boolean {
    if (next === '\\') this.#inside = 'escape';
    else if (next === '"') {
      this.#inside = 'none';
      this.#expect = this.#isKey ? 'colon' : this.#afterValue();
    } else return next >= ' ';
    return true;
  }

  #inWord(next: string): boolean {
    if (WORD_CHARACTER.test(next)) {
      this.#word += next;
      return this.#word.length <= WORD_CHARS_MAX && mayGrow(this.#word);
    }
    if (!WORD.test(this.#word)) return false;
    this.#inside = 'none';
    this.#expect = this.#afterValue();
    return this.#between(next);
  }

  #afterValue(): Expect {
    return this.#open.length === 0 ? 'nothing' : 'comma';
  }

  #between(next: string): boolean {
    if (next === ' ' || next === '\n' || next === '\t' || next === '\r') return true;
    switch (this.#expect) {
      case 'value_or_end':
        return next === ']' ? this.#close('[') : this.#begin(next);
      case 'value':
        return this.#begin(next);
      case 'key_or_end':
        return next === '}' ? this.#close('{') : this.#beginKey(next);
      case 'key':
        return this.#beginKey(next);
      case 'colon':
        this.#expect = 'value';
        return next === ':';
      case 'comma':
        return this.#afterMember(next);
      default:
        return false;
    }
  }

  #afterMember(next: string): boolean {
    if (next === '}') return this.#close('{');
    if (next === ']') return this.#close('[');
    this.#expect = this.#open.at(-1) === '{' ? 'key' : 'value';
    return next === ',';
  }

  #begin(next: string): boolean {
    if (next === '{' || next === '[') {
      this.#open.push(next);
      this.#expect = next === '{' ? 'key_or_end' : 'value_or_end';
      return this.#open.length <= DEPTH_MAX;
    }
    if (next === '"') {
      this.#inside = 'string';
      this.#isKey = false;
      return true;
    }
    this.#inside = 'word';
    this.#word = next;
    return mayGrow(next);
  }

  #beginKey(next: string): boolean {
    this.#inside = 'string';
    this.#isKey = true;
    return next === '"';
  }

  #close(kind: '{' | '['): boolean {
    if (this.#open.at(-1) !== kind) return false;
    this.#open.pop();
    this.#expect = this.#afterValue();
    return true;
  }
}
