/** What is wrong with a body of the wrong shape, where a field may be one of several things. */
import { expect, test } from 'bun:test';
import { readRequest as readMessages } from '../../src/dialects/anthropic-messages/request.ts';
import { readRequest as readEmbeddings } from '../../src/dialects/embeddings/ask.ts';
import { readEmbedRequest } from '../../src/dialects/gemini-generate/embed.ts';
import { readRequest as readChat } from '../../src/dialects/openai-chat/request.ts';
import { readRequest as readResponses } from '../../src/dialects/openai-responses/request.ts';
import { faultOf } from './rig.ts';

const READERS = {
  chat: [readChat, { model: 'm', messages: [{ role: 'user', content: 'x' }] }],
  responses: [readResponses, { model: 'm', input: 'x' }],
  messages: [readMessages, { model: 'm', max_tokens: 9, messages: [{ role: 'user' }] }],
  embeddings: [readEmbeddings, { model: 'm', input: 'x' }],
  embedContent: [readEmbedRequest, { content: { parts: [{ text: 'x' }] } }],
} as const;

const ROWS: readonly (readonly [keyof typeof READERS, object, string, string])[] = [
  ['responses', { input: null }, 'input', 'must be string or array'],
  ['responses', { input: [] }, 'input', 'must not have fewer than 1 items'],
  ['responses', { input: ['x'] }, 'input[0]', 'must be object'],
  ['responses', { stream: 5 }, 'stream', 'must be boolean'],
  ['chat', { n: 0 }, 'n', 'must be >= 1'],
  ['chat', { n: 'x' }, 'n', 'must be integer'],
  ['chat', { tools: [{}] }, 'tools[0].type', 'is required'],
  ['chat', { messages: [{ role: 5 }] }, 'messages[0].role', 'must be string'],
  [
    ...(['messages', { messages: [{ role: 'user', content: [{}] }] }] as const),
    ...(['messages[0].content[0].type', 'is required'] as const),
  ],
  ['embeddings', { encoding_format: 'x' }, 'encoding_format', 'must be float or base64'],
  ['embedContent', { title: 'x' }, 'title', 'is not taken here: remove it'],
  ['embedContent', { content: { parts: [] } }, 'content.parts', 'must hold some text'],
  [
    ...(['embedContent', { outputDimensionality: 1.5 }] as const),
    ...(['outputDimensionality', 'must be a whole number from 1 to 16384'] as const),
  ],
];

test.each(ROWS)('%s with %j', (...row) => {
  const [format, more, param, why] = row;
  const [read, good] = READERS[format];
  const text = JSON.stringify({ ...good, ...more });
  const fault = faultOf(() => read(text, text.length));
  expect([fault.code, fault.detail.param, fault.message]).toEqual([
    'invalid_request',
    param,
    `${param} ${why}.`,
  ]);
});

test('what is null is as if it were not there', () => {
  const text = JSON.stringify({ ...READERS.embedContent[1], title: null, taskType: null });
  expect(readEmbedRequest(text, text.length, { model: 'm' }).body.input).toEqual(['x']);
});
