/**
 * A text that matches a regular expression, for the `pattern` of a JSON Schema. Knows literals,
 * classes, groups, alternatives and counts; null where the result does not match after all.
 */

interface Cursor {
  readonly source: string;
  at: number;
}

const SAMPLES: Readonly<Record<string, string>> = {
  d: '7',
  w: 'a',
  s: ' ',
  D: 'a',
  W: '-',
  S: 'a',
  n: '\n',
  t: '\t',
  b: '',
  B: '',
};

/** A matching text, or null; the answer is checked with the pattern itself. */
export function sampleOf(pattern: string): string | null {
  try {
    const text = alternatives({ source: pattern, at: 0 });
    return new RegExp(pattern, 'u').test(text) ? text : null;
  } catch {
    return null;
  }
}

function alternatives(cursor: Cursor): string {
  const text = sequence(cursor);
  while (cursor.source[cursor.at] === '|') {
    cursor.at += 1;
    sequence(cursor);
  }
  return text;
}

function sequence(cursor: Cursor): string {
  let text = '';
  for (;;) {
    const mark = cursor.source[cursor.at];
    if (mark === undefined || mark === '|' || mark === ')') return text;
    const piece = atom(cursor);
    text += piece.repeat(times(cursor));
  }
}

function atom(cursor: Cursor): string {
  const mark = cursor.source[cursor.at]!;
  cursor.at += 1;
  if (mark === '^' || mark === '$') return '';
  if (mark === '.') return 'a';
  if (mark === '[') return charClass(cursor);
  if (mark === '(') return group(cursor);
  if (mark === '\\') return escaped(cursor);
  return mark;
}

function group(cursor: Cursor): string {
  const intro = /^\?(?::|<[A-Za-z_]\w*>)/.exec(cursor.source.slice(cursor.at));
  const ahead = /^\?<?[=!]/.exec(cursor.source.slice(cursor.at));
  cursor.at += (intro ?? ahead)?.[0].length ?? 0;
  const text = alternatives(cursor);
  cursor.at += 1;
  return ahead === null ? text : '';
}

function escaped(cursor: Cursor): string {
  const mark = cursor.source[cursor.at] ?? '';
  cursor.at += 1;
  const property = /^\{[^}]*\}/.exec(cursor.source.slice(cursor.at));
  if (mark === 'p' && property !== null) {
    cursor.at += property[0].length;
    return 'a';
  }
  return SAMPLES[mark] ?? mark;
}

function charClass(cursor: Cursor): string {
  const end = classEnd(cursor.source, cursor.at);
  const body = cursor.source.slice(cursor.at, end);
  cursor.at = end + 1;
  const whole = new RegExp(`^[${body}]$`, 'u');
  for (const sample of 'aA1 -_.@/:abcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ0123456789中') {
    if (whole.test(sample)) return sample;
  }
  return body[0] ?? '';
}

function classEnd(source: string, start: number): number {
  let at = start;
  while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1;
  return at;
}

const REPEAT_MAX = 10_000;

function times(cursor: Cursor): number {
  const found = /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(cursor.source.slice(cursor.at));
  if (found === null) return 1;
  cursor.at += found[0].length;
  if (found[1] !== undefined) return 1;
  return Math.min(REPEAT_MAX, Number(found[2]));
}
