/** The fault of JSON that does not fit says why, in the words of every format. */
import { describe, expect, test } from 'bun:test';
import * as messages from '../../src/dialects/anthropic-messages/fault.ts';
import * as cohere from '../../src/dialects/cohere-chat/fault.ts';
import * as generate from '../../src/dialects/gemini-generate/fault.ts';
import * as chat from '../../src/dialects/openai-chat/fault.ts';
import { writeFaultEvent } from '../../src/dialects/openai-responses/fault.ts';
import { structuredFault } from '../../src/dialects/structured/exchange.ts';
import { splitEvents } from '../../src/kit/sse.ts';

const problems = Array.from({ length: 7 }, (_, at) => ({ pointer: `/${at}`, message: 'is bad' }));
const fault = structuredFault({ problems, attempts: 3, text: '{"a":1}' });
const more = { attempts: 3, errors: problems, answer: '{"a":1}' };

describe('structured_output_failed', () => {
  test('names the first five problems in its message', () => {
    expect(fault.message).toBe(
      'The model did not write JSON that fits the schema, in 3 attempts: /0 is bad; /1 is bad; ' +
        '/2 is bad; /3 is bad; /4 is bad.',
    );
    expect(fault.detail.headers).toEqual({ 'x-should-retry': 'false' });
  });

  test.each([
    ['chat', JSON.parse(chat.writeFault(fault, 'r')).error],
    ['messages', JSON.parse(messages.writeFault(fault, 'r')).error],
    ['cohere', JSON.parse(cohere.writeFault(fault, 'r'))],
    ['generate', JSON.parse(generate.writeFault(fault, 'r')).error.details[1]],
    ['responses', JSON.parse(splitEvents(writeFaultEvent(fault, 'r'))[0]?.data ?? '').error],
  ])('carries attempts, errors and the answer in %s', (_, error) => {
    expect(error).toMatchObject(more);
  });

  test('leaves out an answer that the caller has already', () => {
    const told = structuredFault({ problems, attempts: 1, text: null });
    expect(told.detail.more).toEqual({ attempts: 1, errors: problems });
    expect(told.message).toContain('in one attempt');
  });

  test('cuts an answer that is too long', () => {
    const long = structuredFault({ problems, attempts: 1, text: 'x'.repeat(100_000) });
    expect(String(long.detail.more?.answer).length).toBe(32 * 1024);
  });
});
