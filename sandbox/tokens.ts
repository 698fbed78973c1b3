/**
 * Token counts without a real tokenizer: the same text always gives the same count, and cutting a
 * text after n tokens gives a text of n tokens. About one token for five Latin letters, three
 * digits, one CJK character or one mark; blanks belong to the token after them.
 */

const LETTERS_A_TOKEN = 5;
const DIGITS_A_TOKEN = 3;

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 0xc0 && code < 0x250);
const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

/** End (exclusive, UTF-16 units) of the token that starts at `start`; never inside a character. */
function tokenEnd(text: string, start: number): number {
  const { length } = text;
  let at = start;
  while (at < length && isBlank(text.charCodeAt(at))) at += 1;
  if (at >= length) return length;
  const code = text.charCodeAt(at);
  if (isLetter(code)) return runEnd(text, { at, most: LETTERS_A_TOKEN, same: isLetter });
  if (isDigit(code)) return runEnd(text, { at, most: DIGITS_A_TOKEN, same: isDigit });
  return Math.min(length, at + (isHighSurrogate(code) ? 2 : 1));
}

interface Run {
  readonly at: number;
  readonly most: number;
  readonly same: (code: number) => boolean;
}

function runEnd(text: string, run: Run): number {
  const limit = Math.min(text.length, run.at + run.most);
  let at = run.at + 1;
  while (at < limit && run.same(text.charCodeAt(at))) at += 1;
  return at;
}

/** Number of tokens in `text`. */
export function countTokens(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at = tokenEnd(text, at)) count += 1;
  return count;
}

/** The tokens of `text` in order; joined they are `text` again. */
export function splitTokens(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = tokenEnd(text, at);
    tokens.push(text.slice(at, end));
    at = end;
  }
  return tokens;
}

/** The first `most` tokens of `text`; the same text where it has no more than that. */
export function cutTokens(text: string, most: number): string {
  let at = 0;
  for (let count = 0; count < most && at < text.length; count += 1) at = tokenEnd(text, at);
  return text.slice(0, at);
}
