import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openaiChatPassage } from '../../src/dialects/openai-chat/index.ts';
import { replyContentBytes } from '../../src/dialects/openai-chat/reply.ts';
import type { Json } from '../../src/kit/json.ts';
import { faultOf, readError } from './rig.ts';

const VENDORS = join(import.meta.dir, '../fixtures/vendors');
const read = (text: string) => openaiChatPassage.readReply(text, readError);

describe('readReply', () => {
  test.each(readdirSync(VENDORS).filter((name) => !name.includes('.')))(
    'takes the recorded answer of %s, and counts its text',
    (vendor) => {
      const text = readFileSync(join(VENDORS, vendor, 'reply.json'), 'utf8');
      const reply = read(text);
      expect(reply.text).toBe(text);
      expect(reply.contentBytes).toBeGreaterThan(0);
    },
  );

  test.each([
    ['', 'vendor_malformed'],
    ['<html>', 'vendor_malformed'],
    ['{"choices":[', 'vendor_malformed'],
    ['[]', 'vendor_malformed'],
    ['null', 'vendor_malformed'],
    ['{}', 'vendor_empty'],
    ['{"choices":[]}', 'vendor_empty'],
    ['{"choices":null}', 'vendor_empty'],
    ['{"choices":{"0":{}}}', 'vendor_empty'],
    ['{"error":{"message":"no"}}', 'vendor_error'],
    ['{"error":"no","choices":[{}]}', 'vendor_error'],
  ])('%j under status 200 is %s', (text, code) => {
    expect(faultOf(() => read(text)).code).toBe(code as 'vendor_empty');
  });

  test('an error that is null or false is none', () => {
    for (const error of ['null', 'false']) read(`{"error":${error},"choices":[{}]}`);
  });
});

test.each([
  [{ choices: [{ message: { content: '終' } }, { message: { content: 'ab' } }] }, 5],
  [{ choices: [{ message: { content: null, reasoning_content: 'abc', refusal: 'd' } }] }, 4],
  [{ choices: [{ message: { content: 'a', tool_calls: [1] } }] }, 1],
  [
    {
      choices: [{ message: { tool_calls: [{ function: { name: 'f', arguments: '{"a":1}' } }] } }],
    },
    8,
  ],
  [{ choices: [{ message: { content: [{ text: 'x' }] } }] }, 14],
  [{ choices: [{}, null, 'x'] }, 0],
  [{ choices: 'x' }, 0],
  [[], 0],
] as [Json, number][])('%j has %d bytes of text', (body, bytes) => {
  expect(replyContentBytes(body)).toBe(bytes);
});
