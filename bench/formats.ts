/**
 * What it costs to translate: the same chat of 1 KB in every caller's format, to a vendor of
 * OpenAI's chat. In that format it passes untouched; in the others it goes through the common turn.
 */

import type { Contestant } from './contestant.ts';
import type { ProofRow } from './credentials.ts';
import { callRow } from './credentials.ts';
import type { Job } from './lockstep.ts';
import { chatBody, SHAPES } from './payloads.ts';

interface Way {
  readonly name: string;
  readonly path: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Said {
  readonly role: string;
  readonly content: string;
}

/** The chat that the other jobs send, as each format has it. */
function waysOf(model: string): readonly Way[] {
  const [shape] = SHAPES;
  if (shape === undefined) throw new Error('no shape to take a chat from');
  const chat = JSON.parse(chatBody(shape, model)) as { messages: Said[] };
  const text = chat.messages.map(({ content }) => content).join('\n');
  const OUTPUT_TOKENS = 100;
  return [
    { name: 'chat completions, untouched', path: '/v1/chat/completions', body: chat },
    {
      name: 'responses, not stored',
      path: '/v1/responses',
      body: { model, input: text, max_output_tokens: OUTPUT_TOKENS, store: false },
    },
    {
      name: 'messages',
      path: '/v1/messages',
      body: { model, max_tokens: OUTPUT_TOKENS, messages: [{ role: 'user', content: text }] },
      headers: { 'anthropic-version': '2023-06-01' },
    },
    {
      name: 'generate content',
      path: `/v1beta/models/${model}:generateContent`,
      body: { contents: [{ role: 'user', parts: [{ text }] }] },
    },
    {
      name: 'v2 chat',
      path: '/v2/chat',
      body: { model, max_tokens: OUTPUT_TOKENS, messages: [{ role: 'user', content: text }] },
    },
  ];
}

function requestOf(to: Contestant, way: Way): Buffer {
  const body = JSON.stringify(way.body);
  const lines = Object.entries({ ...to.headers, ...way.headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.from(
    `POST ${way.path} HTTP/1.1\r\nHost: 127.0.0.1:${to.port}\r\n${lines.join('')}` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export async function formatsJob(job: Job, all: readonly Contestant[]): Promise<ProofRow[]> {
  const rows: ProofRow[] = [];
  for (const to of all.filter(({ level }) => level === 'L2')) {
    for (const way of waysOf(to.model)) {
      rows.push(await callRow(job, to, { name: way.name, request: requestOf(to, way) }));
    }
  }
  return rows;
}
