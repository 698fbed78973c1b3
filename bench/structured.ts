/**
 * What JSON that must fit costs a call in CPU: the same answer of the same format, with and without
 * a schema, and through the common turn. Pure work, no sockets: `bun bench/structured.ts`.
 */
import { findFormats, openExchange, readTurnOf } from '../src/dialects/index.ts';
import { readRequest } from '../src/dialects/openai-chat/request.ts';
import type { Exchange, WireRequest } from '../src/dialects/shape.ts';
import { type Ask, chooseAsk } from '../src/dialects/structured/ask.ts';
import { openStructured } from '../src/dialects/structured/exchange.ts';
import { mayWant, readWant } from '../src/dialects/structured/want.ts';

const ROUNDS = 3_000;
const WARM_UP_ROUNDS = 1_000;
const FORMAT = 'openai-chat';
const NS_PER_US = 1_000;

const text = { type: 'string' };
const step = {
  type: 'object',
  properties: { explanation: text, output: text },
  required: ['explanation', 'output'],
  additionalProperties: false,
};
const schema = {
  type: 'object',
  properties: { steps: { type: 'array', items: step }, final_answer: text },
  required: ['steps', 'final_answer'],
  additionalProperties: false,
};
const said = { explanation: 'Compare the tenths first. '.repeat(4), output: '9.8 > 9.11' };
const content = JSON.stringify({ steps: Array(8).fill(said), final_answer: '9.8' });
const reply = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 300, total_tokens: 400 },
});
const messages = [{ role: 'user', content: 'Which is larger, 9.11 or 9.8? '.repeat(30) }];
const asking = (more: object): string => JSON.stringify({ model: 'm', messages, ...more });
const plainText = asking({});
const format = { type: 'json_schema', json_schema: { name: 'math', strict: true, schema } };
const schemaText = asking({ response_format: format });

const HOW = { wireModel: 'wire', tweaks: undefined, mayDrop: false, asksUsage: true };
const never = (): Error => new Error('no error is sent here');

function carry(request: WireRequest, exchange: Exchange): void {
  exchange.write(request, HOW);
  exchange.readReply(reply, never);
}

const wishOf = (request: WireRequest) => ({ from: FORMAT, request, callId: 'c', nowS: 1 });

function passage(bodyText: string): void {
  const request = readRequest(bodyText, bodyText.length);
  if (mayWant(request) && bodyText === plainText) throw new Error('nothing was wanted');
  carry(request, openExchange({ ...wishOf(request), to: FORMAT }));
}

function structured(json: 'schema' | 'object'): void {
  const request = readRequest(schemaText, schemaText.length);
  const turn = readTurnOf(FORMAT, request);
  const want = turn === null ? null : readWant(turn, FORMAT);
  const formats = findFormats(FORMAT, FORMAT);
  if (turn === null || want === null || formats === null) throw new Error('nothing is wanted');
  const untouched = json === 'schema';
  const place = {
    able: { json, tools: false, reasoning: false },
    dialect: FORMAT,
    untouched,
    flows: false,
  };
  const ask: Ask = chooseAsk(turn, want, place);
  const more = { formats, want, ask, failed: [], usages: [], untouched, flows: false };
  const asked = { request, turn, callId: 'c', nowS: 1 };
  carry(request, openStructured({ ...more, asked, tell: () => undefined }));
}

/** Microseconds of one run: the best of five samples, for the machine may be busy. */
function measure(run: () => void): number {
  for (let at = 0; at < WARM_UP_ROUNDS; at += 1) run();
  let best = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 5; sample += 1) {
    const started = Bun.nanoseconds();
    for (let at = 0; at < ROUNDS; at += 1) run();
    best = Math.min(best, (Bun.nanoseconds() - started) / ROUNDS / NS_PER_US);
  }
  return best;
}

const rows: readonly (readonly [string, () => void])[] = [
  ['plain chat, untouched', () => passage(plainText)],
  ['with a schema, untouched and unchecked', () => passage(schemaText)],
  ['with a schema, untouched and checked', () => structured('schema')],
  ['with a schema, asked in JSON mode and written anew', () => structured('object')],
];
for (const [name, run] of rows) console.log(`${measure(run).toFixed(1).padStart(8)} µs  ${name}`);
