import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_BYTES_MAX, EventCutter, splitEvents } from '../../src/kit/sse.ts';

const VENDORS = join(import.meta.dir, '../fixtures/vendors');
const FIXTURES: (readonly [name: string, bytes: Buffer])[] = readdirSync(VENDORS, {
  recursive: true,
})
  .map(String)
  .filter((name) => name.endsWith('.sse'))
  .sort()
  .map((name) => [name, readFileSync(join(VENDORS, name))]);

interface Fed {
  /** Everything that came out before the end. */
  readonly whole: string;
  readonly pieces: readonly string[];
  readonly rest: string;
}

function feed(chunks: readonly Uint8Array[]): Fed {
  const cutter = new EventCutter();
  const pieces: Buffer[] = [];
  for (const chunk of chunks) {
    const out = cutter.push(chunk);
    if (out !== null) pieces.push(Buffer.from(out));
  }
  return {
    whole: Buffer.concat(pieces).toString('utf8'),
    pieces: pieces.map((piece) => piece.toString('utf8')),
    rest: Buffer.from(cutter.rest()).toString('utf8'),
  };
}

const bytewise = (bytes: Buffer): Buffer[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

const said = (text: string) => splitEvents(text).map(({ name, data }) => ({ name, data }));

/** The same events, whichever way the bytes came. */
function expectSame(bytes: Buffer, events: ReturnType<typeof said>, chunks: Buffer[]): void {
  const fed = feed(chunks);
  expect(fed.whole + fed.rest).toBe(bytes.toString('utf8'));
  expect(fed.pieces.concat(fed.rest).flatMap(said)).toEqual(events);
}

describe('every recorded stream', () => {
  test('there are some', () => {
    expect(FIXTURES.length).toBeGreaterThanOrEqual(12);
  });

  test.each(FIXTURES)('%s: whole, byte by byte, cut anywhere', (_, bytes) => {
    const events = said(bytes.toString('utf8'));
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-1)?.data).toMatch(/^(?:\[DONE\]|\{.*\})$/);
    expect(feed([bytes])).toMatchObject({ whole: bytes.toString('utf8'), rest: '' });
    const single = feed(bytewise(bytes));
    expect(single.whole).toBe(bytes.toString('utf8'));
    expect(single.pieces.length).toBe(events.length);
    for (let at = 0; at <= bytes.length; at += 1) {
      const fed = feed([bytes.subarray(0, at), bytes.subarray(at)]);
      if (fed.whole !== single.whole) throw new Error(`cut at ${at}: other bytes`);
      for (const piece of fed.pieces) {
        if (!/(\n\n|\r\n\r\n)$/.test(piece)) throw new Error(`cut at ${at}: half an event`);
      }
    }
  });
});

const EVENT = 'event: e\ndata: a\ndata:b\n\n: note\n\ndata: 終\n\n';
const ENDINGS: readonly (readonly [name: string, text: string])[] = [
  ['LF', EVENT],
  ['CRLF', EVENT.replaceAll('\n', '\r\n')],
  ['CR', EVENT.replaceAll('\n', '\r')],
  ['mixed', 'event: e\rdata: a\r\ndata:b\n\n: note\r\n\r\ndata: 終\r\n\n'],
  ['LF, then CRLF', 'event: e\ndata: a\ndata:b\n\r\n: note\n\ndata: 終\n\r\n'],
];

describe.each(ENDINGS)('lines that end in %s', (_, text) => {
  const bytes = Buffer.from(text);
  const events = [
    { name: 'e', data: 'a\nb' },
    { name: '', data: null },
    { name: '', data: '終' },
  ];

  test('whole', () => expectSame(bytes, events, [bytes]));
  test('byte by byte', () => expectSame(bytes, events, bytewise(bytes)));
  test('cut in two, and in three, anywhere', () => {
    for (let i = 0; i <= bytes.length; i += 1) {
      expectSame(bytes, events, [bytes.subarray(0, i), bytes.subarray(i)]);
      for (let j = i; j <= bytes.length; j += 3) {
        expectSame(bytes, events, [bytes.subarray(0, i), bytes.subarray(i, j), bytes.subarray(j)]);
      }
    }
  });
});

describe('EventCutter', () => {
  test('a chunk of whole events goes through without a copy', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n');
    expect(new EventCutter().push(chunk)).toBe(chunk);
  });

  test('an unfinished event is kept for the next chunk, or for the end', () => {
    const cutter = new EventCutter();
    expect(cutter.push(Buffer.from('data: a\n\ndata: '))?.length).toBe(9);
    expect(cutter.push(Buffer.from('b'))).toBeNull();
    expect(Buffer.from(cutter.rest()).toString()).toBe('data: b');
    expect(Buffer.from(cutter.push(Buffer.from('\n\n')) ?? []).toString()).toBe('data: b\n\n');
    expect(cutter.rest().length).toBe(0);
  });

  test('a line of 200 KB is carried, an event above the bound is malformed', () => {
    const long = Buffer.from(`data: ${'x'.repeat(200_000)}\n\n`);
    const chunks = Array.from({ length: 20 }, (_, at) =>
      long.subarray(at * 10_001, (at + 1) * 10_001),
    );
    expect(feed(chunks).whole).toBe(long.toString());
    const cutter = new EventCutter();
    const part = Buffer.alloc(1024 * 1024, 'x');
    for (let mb = 0; mb < EVENT_BYTES_MAX / part.length; mb += 1) {
      expect(cutter.push(part)).toBeNull();
    }
    expect(() => cutter.push(Buffer.from('x'))).toThrow(`${EVENT_BYTES_MAX} bytes`);
  });
});

describe('splitEvents', () => {
  test('follows the rules of the WHATWG', () => {
    const [event, ...more] = splitEvents('id: 7\nevent:x\ndata:  two\ndata\ndata:\nretry: 5\n\n');
    expect(more).toEqual([]);
    expect(event).toMatchObject({ name: 'x', data: ' two\n' });
  });

  test('text without an end is one event more', () => {
    expect(said('data: a\n\ndata: b')).toEqual([
      { name: '', data: 'a' },
      { name: '', data: 'b' },
    ]);
    expect(splitEvents('')).toEqual([]);
  });
});
