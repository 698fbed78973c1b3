/** The fixed workload: what callers ask and what the mock vendor answers. */
import { chunkOf } from './wire.ts';

const KB = 1024;
const FRAME_ROOM_BYTES = 150;
const ANSWER_TEXT_BYTES = 700;
const FILLER = 'lorem ipsum dolor sit amet ';

export const CONTENT_CHUNKS = 100;

export interface Shape {
  readonly name: string;
  readonly kb: number;
  readonly messages: number;
  readonly connections: number;
}

/** Eight connections, but four for the large prompts so that a batch fits between two steals. */
export const SHAPES: readonly Shape[] = [
  { name: '1 KB', kb: 1, messages: 2, connections: 8 },
  { name: '10 KB', kb: 10, messages: 2, connections: 8 },
  { name: '100 KB', kb: 100, messages: 2, connections: 4 },
  { name: '100 KB, 200 messages', kb: 100, messages: 200, connections: 4 },
];

const filler = (bytes: number): string =>
  FILLER.repeat(Math.ceil(bytes / FILLER.length)).slice(0, bytes);

export function chatBody(shape: Shape, model: string): string {
  const messages: { role: string; content: string }[] = [];
  const frame = shape.messages > 2 ? 40 * shape.messages : FRAME_ROOM_BYTES;
  const each = Math.floor((shape.kb * KB - frame) / Math.max(1, shape.messages - 1));
  messages.push({ role: 'system', content: 'You are helpful.' });
  for (let i = 1; i < shape.messages; i++) {
    messages.push({ role: i % 2 ? 'user' : 'assistant', content: filler(each) });
  }
  return JSON.stringify({ model, messages, stream: false });
}

export function streamBody(model: string): string {
  const messages = [{ role: 'user', content: filler(KB - FRAME_ROOM_BYTES) }];
  return JSON.stringify({ model, messages, stream: true });
}

const USAGE = { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 };

export const JSON_ANSWER = ((): Buffer => {
  const message = { role: 'assistant', content: 'y'.repeat(ANSWER_TEXT_BYTES) };
  const text = JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bench-model',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: USAGE,
  });
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ';
  return Buffer.from(`${head}${text.length}\r\n\r\n${text}`);
})();

export const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
);

/** The text that proves that content chunk `i` arrived. */
export const marker = (i: number): string => `token ${i} `;

const event = (more: object): Buffer =>
  chunkOf(
    `data: ${JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'bench-model',
      ...more,
    })}\n\n`,
  );

/** About 210 bytes each, as vendors send them. */
export const contentChunk = (i: number): Buffer =>
  event({
    choices: [{ index: 0, delta: { content: `${marker(i)}some words` }, finish_reason: null }],
    usage: null,
  });

export const CHUNKS: readonly Buffer[] = Array.from({ length: CONTENT_CHUNKS }, (_, i) =>
  contentChunk(i),
);

/** Finish reason, usage, end mark and the end of the chunked body, in one write. */
export const STREAM_TAIL = Buffer.concat([
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null }),
  event({ choices: [], usage: USAGE }),
  chunkOf('data: [DONE]\n\n'),
  Buffer.from('0\r\n\r\n'),
]);

/** A role-only first chunk, which does not count as content. */
export const ROLE_CHUNK = event({
  choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
  usage: null,
});
