import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChatWatch } from '../../src/dialects/openai-chat/watch.ts';
import type { Fault } from '../../src/kit/fault.ts';
import { toFault } from '../../src/kit/fault.ts';
import type { Json } from '../../src/kit/json.ts';
import { EventCutter, splitEvents } from '../../src/kit/sse.ts';
import { readError } from './rig.ts';

const VENDORS = join(import.meta.dir, '../fixtures/vendors');
const FIXTURES = readdirSync(VENDORS)
  .filter((name) => !name.includes('.'))
  .map((name) => [name, readFileSync(join(VENDORS, name, 'stream.sse'))] as const);

interface Watched {
  readonly out: string;
  readonly usage: Json;
  readonly contentBytes: number;
  readonly fault: Fault | null;
}

/** Feeds chunks through cutter and watch as the relay does. */
function watch(chunks: readonly (Uint8Array | string)[], wantsUsage = false): Watched {
  const cutter = new EventCutter();
  const watching = new ChatWatch(wantsUsage, readError);
  let out = '';
  let fault: Fault | null = null;
  try {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      const whole = cutter.push(bytes);
      const shown = whole === null ? null : watching.look(whole);
      if (shown !== null) out += Buffer.from(shown).toString('utf8');
    }
    fault = watching.end();
  } catch (thrown) {
    fault = toFault(thrown);
  }
  const usage = (watching.usage as { usage?: Json } | null)?.usage ?? null;
  return { out, usage, contentBytes: watching.contentBytes, fault };
}

const bytewise = (bytes: Buffer): Buffer[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

/** Events as a client reads them. */
const said = (text: string) => splitEvents(text).map(({ data }) => data);

describe.each(FIXTURES)('the recorded stream of %s', (_, bytes) => {
  const text = bytes.toString('utf8');

  test.each([true, false])('is the same however it is cut (usage asked: %p)', (wantsUsage) => {
    const whole = watch([bytes], wantsUsage);
    expect(whole.fault).toBeNull();
    expect(whole.usage).not.toBeNull();
    expect(whole.contentBytes).toBeGreaterThan(0);
    const single = watch(bytewise(bytes), wantsUsage);
    expect(single.fault).toBeNull();
    expect(single.out).toBe(whole.out);
    expect(single.usage).toEqual(whole.usage);
    const step = 7;
    for (let at = 1; at < bytes.length; at += step) {
      const cut = watch([bytes.subarray(0, at), bytes.subarray(at)], wantsUsage);
      const same = cut.out === whole.out && cut.fault === null;
      if (!same || !Bun.deepEquals(cut.usage, whole.usage)) throw new Error(`cut at ${at}`);
    }
  });

  test('a caller who asked for usage gets every byte', () => {
    expect(watch([bytes], true).out).toBe(text);
  });

  test('a caller who did not is shown none, and every word', () => {
    const { out } = watch([bytes]);
    const shown = said(out).filter((data) => data?.startsWith('{'));
    const deltas = (data: string | null) => JSON.stringify(JSON.parse(data ?? '').choices);
    const all = said(text).filter((data) => data?.startsWith('{'));
    const usage = shown.map((data) => JSON.parse(data ?? '').usage ?? null);
    expect(usage.filter((one) => one !== null)).toEqual([]);
    expect(shown.map(deltas)).toEqual(all.map(deltas).filter((choices) => choices !== '[]'));
    expect(said(out).at(-1)).toBe('[DONE]');
  });

  test('cut before its finish it is vendor_cut', () => {
    const finish = text.search(/"finish_reason":\s*"/);
    const cut = bytes.subarray(0, Buffer.byteLength(text.slice(0, finish)));
    expect(watch([cut]).fault?.code).toBe('vendor_cut');
    expect(watch(bytewise(cut)).fault?.code).toBe('vendor_cut');
  });

  test('counts about the same text whether it parses or searches', () => {
    const searched = watch(bytewise(bytes)).contentBytes;
    const parsed = watch([bytes]).contentBytes;
    expect(Math.abs(searched - parsed)).toBeLessThanOrEqual(parsed);
  });
});

const chunk = (delta: Json, more: Record<string, Json> = {}): string =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, ...more }] })}\n\n`;
const HELLO = chunk({ role: 'assistant', content: 'hello' });
const MORE = chunk({ content: ' more' });
const STOP = chunk({}, { finish_reason: 'stop' });
const DONE = 'data: [DONE]\n\n';
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

describe('usage', () => {
  const own = `data: ${JSON.stringify({ id: 'c', choices: [], usage: USAGE })}\n\n`;
  const last = `data: ${JSON.stringify({
    choices: [{ index: 0, delta: { content: '!' }, finish_reason: 'stop' }],
    usage: USAGE,
  })}\n\n`;

  test('in a chunk of its own is kept back', () => {
    const watched = watch([HELLO, STOP, own, DONE]);
    expect(watched).toMatchObject({ out: HELLO + STOP + DONE, usage: USAGE, fault: null });
  });

  test('on the last choice is cut out of it', () => {
    const watched = watch([HELLO, last, DONE]);
    expect(watched).toMatchObject({ usage: USAGE, fault: null });
    const [, second] = said(watched.out);
    expect(JSON.parse(second ?? '')).toEqual({
      choices: [{ index: 0, delta: { content: '!' }, finish_reason: 'stop' }],
    });
  });

  test('is shown to who asked, byte for byte', () => {
    expect(watch([HELLO, last, own, DONE], true).out).toBe(HELLO + last + own + DONE);
  });

  test('inside generated text is text', () => {
    const quoted = chunk({ content: '{"usage":{"prompt_tokens":9},"error":{},[DONE]}' });
    const watched = watch([HELLO, quoted, MORE, STOP, DONE]);
    expect(watched).toMatchObject({ out: HELLO + quoted + MORE + STOP + DONE, usage: null });
    expect(watched.fault).toBeNull();
  });

  test('the last one counts where every chunk has one', () => {
    const growing = [1, 2, 3].map(
      (count) =>
        `data: ${JSON.stringify({
          choices: [{ index: 0, delta: { content: 'x' } }],
          usage: { ...USAGE, completion_tokens: count },
        })}\n\n`,
    );
    expect(watch([...growing, STOP, DONE]).usage).toMatchObject({ completion_tokens: 3 });
  });
});

describe('a stream that is no success', () => {
  const cases: readonly (readonly [name: string, chunks: string[], code: string])[] = [
    ['nothing at all', [], 'vendor_cut'],
    ['comments only', [': ping\n\n', ': ping\n\n'], 'vendor_cut'],
    ['[DONE] and nothing before', [DONE], 'vendor_empty'],
    [
      'usage, no choice, [DONE]',
      [`data: ${JSON.stringify({ usage: USAGE })}\n\n`, DONE],
      'vendor_empty',
    ],
    ['an end without a choice', ['data: {"choices":[]}\n\n'], 'vendor_empty'],
    ['cut in the middle', [HELLO, MORE], 'vendor_cut'],
    ['what is not JSON', [HELLO, 'data: {"id":"c","cho\n\n', STOP, DONE], 'vendor_malformed'],
    ['JSON that is no object', [HELLO, 'data: [1]\n\n', DONE], 'vendor_malformed'],
    ['an error object', [HELLO, 'data: {"error":{"message":"broke"}}\n\n', DONE], 'vendor_error'],
    ['an error text', [HELLO, 'data: {"error":"broke"}\n\n', DONE], 'vendor_error'],
    ['an error event', [HELLO, 'event: error\ndata: {"code":500}\n\n', DONE], 'vendor_error'],
    ['an error event in CRLF', [HELLO, 'event: error\r\ndata: {"code":5}\r\n\r\n'], 'vendor_error'],
  ];

  test.each(cases)('%s', (_, chunks, code) => {
    expect(watch(chunks).fault?.code).toBe(code as 'vendor_cut');
    expect(watch([chunks.join('')]).fault?.code).toBe(code as 'vendor_cut');
    expect(
      watch([`${chunks.join('')}`.slice(0, 5), `${chunks.join('')}`.slice(5)]).fault?.code,
    ).toBe(code as 'vendor_cut');
  });

  test('hidden between good chunks that arrive together', () => {
    const broken = 'data: {"id":"c","cho\n\n';
    expect(watch([HELLO, MORE + broken + MORE, DONE]).fault?.code).toBe('vendor_malformed');
    const error = 'event: error\ndata: {"message":"x"}\n\n';
    expect(watch([HELLO, MORE + error, DONE]).fault?.code).toBe('vendor_error');
  });

  test('what came before the fault has gone out', () => {
    expect(watch([HELLO, 'data: {"error":{"message":"broke"}}\n\n']).out).toBe(HELLO);
  });

  test('"error":null is no error', () => {
    const watched = watch([chunk({ content: 'a' }, { error: null }), STOP, DONE]);
    expect(watched.fault).toBeNull();
  });
});

describe('ends', () => {
  test('a finish without [DONE] is an end, and [DONE] without a finish', () => {
    expect(watch([HELLO, STOP]).fault).toBeNull();
    expect(watch([HELLO, DONE]).fault).toBeNull();
  });

  test('a finish in JSON with spaces is an end', () => {
    const spaced = (text: string) => text.replaceAll('":', '": ').replaceAll(',"', ', "');
    const watched = watch([HELLO, MORE, STOP].map(spaced));
    expect(watched.fault).toBeNull();
    expect(watched.contentBytes).toBe(10);
  });
});

describe('the bytes of generated text', () => {
  const bytesOf = (...deltas: Json[]) =>
    watch([HELLO, ...deltas.map((delta) => chunk(delta)), STOP, DONE]).contentBytes - 5;
  const call = (args: string): Json => ({
    tool_calls: [{ index: 0, function: { arguments: args } }],
  });

  test.each([
    ['content', { content: '終わり' }, 9],
    ['reasoning beside empty content', { content: '', reasoning_content: '用户' }, 6],
    ['reasoning before content', { reasoning: 'why', content: 'so' }, 5],
    ['arguments of a tool', call('{"a'), 3],
    ['a refusal', { content: null, refusal: 'no' }, 2],
    ['nothing', { role: 'assistant' }, 0],
  ] as const)('%s', (_, delta, bytes) => {
    const counted = bytesOf(delta as Json);
    expect(counted).toBeGreaterThanOrEqual(bytes);
    expect(counted).toBeLessThanOrEqual(bytes + 1);
  });

  test('escapes count as what they stand for', () => {
    expect(bytesOf({ content: 'C:\\' })).toBe(3);
    expect(bytesOf({ content: 'say \\"' })).toBe(6);
  });
});

test('an answer of many chunks is not rebuilt: the same memory goes out', () => {
  const watching = new ChatWatch(false, readError);
  watching.look(Buffer.from(HELLO));
  const plain = Buffer.from(MORE + MORE);
  expect(watching.look(plain)).toBe(plain);
});
