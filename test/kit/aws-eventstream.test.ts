import { describe, expect, test } from 'bun:test';
import { brokenBytes, eventBytes, exceptionBytes } from '../../sandbox/bedrock/frames.ts';
import { AwsEventCutter } from '../../src/kit/aws-eventstream.ts';
import { EVENT_BYTES_MAX, splitEvents } from '../../src/kit/sse.ts';
import { faultOf } from '../dialects/rig.ts';

const MESSAGES = [
  eventBytes('messageStart', { role: 'assistant' }),
  eventBytes('contentBlockDelta', { contentBlockIndex: 0, delta: { text: '你好\n"x"' } }),
  exceptionBytes('throttlingException', { message: 'Too many tokens' }),
];
const WHOLE = Buffer.concat(MESSAGES);

function read(chunks: readonly Uint8Array[]) {
  const cutter = new AwsEventCutter();
  const text = chunks.map((chunk) => Buffer.from(cutter.push(chunk) ?? '').toString()).join('');
  const events = splitEvents(text).map(({ name, data }) => [name, JSON.parse(data ?? '')]);
  return { events, rest: cutter.rest().length };
}

describe('binary events', () => {
  test('become server-sent ones, exceptions the name error', () => {
    expect(read([WHOLE])).toEqual({
      events: [
        ['messageStart', { role: 'assistant' }],
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: '你好\n"x"' } }],
        ['error', { error: { code: 'throttlingException', message: 'Too many tokens' } }],
      ],
      rest: 0,
    });
  });

  test('are the same wherever they are cut', () => {
    const whole = read([WHOLE]);
    for (let at = 1; at < WHOLE.length; at += 1) {
      expect(read([WHOLE.subarray(0, at), WHOLE.subarray(at)])).toEqual(whole);
    }
    expect(read(Array.from(WHOLE, (_, at) => WHOLE.subarray(at, at + 1)))).toEqual(whole);
  });

  test('half of one is kept, and is the rest', () => {
    const [first = Buffer.alloc(0)] = MESSAGES;
    const { events, rest } = read([first, WHOLE.subarray(first.length, first.length + 20)]);
    expect(events).toHaveLength(1);
    expect(rest).toBe(20);
  });

  test('every bit that is turned is found', () => {
    const [first = Buffer.alloc(0)] = MESSAGES;
    for (let at = 0; at < first.length; at += 1) {
      const bytes = Buffer.from(first);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(faultOf(() => read([bytes])).code).toBe('vendor_malformed');
    }
    expect(faultOf(() => read([brokenBytes()])).code).toBe('vendor_malformed');
  });

  test('one that is too long is refused before it is kept', () => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(EVENT_BYTES_MAX + 1, 0);
    expect(faultOf(() => read([bytes])).code).toBe('vendor_malformed');
  });
});
