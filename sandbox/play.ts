/** Sends an answer over the wire as a plan says: whole or streamed, healthy or broken. */
import { isObject, type Json, type JsonObject } from '../src/kit/json.ts';
import type { Call } from './calls.ts';
import { pause, pauseUnless } from './clock.ts';
import { type ErrorFacts, type ErrorKind, writeError } from './errors.ts';
import type { Plan } from './faults.ts';
import { type Chunk, chunksOf, completionOf, type Reply } from './reply.ts';
import { countTokens } from './tokens.ts';
import { frameChunk, type Headers, LAST_CHUNK, type Reply as Wire } from './wire.ts';

export interface Stage {
  readonly wire: Wire;
  readonly call: Call;
  readonly plan: Plan;
  readonly reply: Reply;
  readonly headers: Headers;
  readonly requestId: string;
  /** Milliseconds between the chunks of a healthy stream. */
  readonly pauseMs: number;
  /** Called before the sandbox itself resets a connection, so that it is not taken for an abort. */
  readonly endCall: () => void;
}

/** A hanging call is reset after this long, so that nothing hangs for ever. */
const HANG_MS_MAX = 600_000;
/** A reset discards what the caller has not read yet: it gets this long to read. */
const BEFORE_RESET_MS = 30;
const UTF8_PAUSE_MS = 1;
/** An endless answer ends with a reset here. */
const HUGE_BYTES_MAX = 1024 * 1024 * 1024;
const HUGE_PIECE = 'x'.repeat(1024);
/** Chunks of an endless answer sent before other connections get their turn. */
const HUGE_BURST = 16;

const encoder = new TextEncoder();
const SSE_HEADERS: Headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'transfer-encoding': 'chunked',
};
const JSON_HEADERS: Headers = { 'content-type': 'application/json; charset=utf-8' };
const BROKEN_JSON =
  '{"id":"broken","object":"chat.completion","choices":[{"index":0,"message":{"role":';
const BROKEN_EVENT = 'data: {"id":"broken","choices":[{"index":0,"delta":{"content":\n\n';

const HTML_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n' +
  '<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n' +
  '</body>\r\n</html>\r\n';

/** Sends a refusal in the vendor's style. */
export async function sendError(
  stage: Omit<Stage, 'reply'> & { readonly reply: Pick<Reply, 'vendor'> },
  kind: ErrorKind,
  facts: Omit<ErrorFacts, 'requestId'>,
): Promise<void> {
  const { wire, call, plan, headers, requestId } = stage;
  const { status, body } = writeError(stage.reply.vendor.errors, kind, { ...facts, requestId });
  call.status = status;
  const all = { ...headers, ...JSON_HEADERS, ...plan.headers };
  await wire.whole(status, all, encoder.encode(JSON.stringify(body)));
}

/** Answers a call that was found to be in order. */
export async function play(stage: Stage): Promise<void> {
  const { plan, reply } = stage;
  if (plan.special !== undefined) return playSpecial(stage, plan.special);
  return reply.ask.stream ? playStream(stage) : playWhole(stage);
}

async function playSpecial(stage: Stage, special: Plan['special']): Promise<void> {
  const { wire, call, headers, reply } = stage;
  const kind = reply.ask.stream ? SSE_HEADERS : JSON_HEADERS;
  switch (special) {
    case 'hang':
      return hang(stage);
    case 'hang-headers':
      call.status = 200;
      await wire.head(200, { ...headers, 'transfer-encoding': 'chunked', ...kind });
      return hang(stage);
    case 'html':
      call.status = 502;
      await wire.whole(502, { ...headers, 'content-type': 'text/html' }, encoder.encode(HTML_PAGE));
      return;
    case 'redirect':
      call.status = 302;
      await wire.whole(
        302,
        { ...headers, location: `${reply.vendor.path}/redirected` },
        new Uint8Array(0),
      );
      return;
    case 'huge':
      return playHuge(stage);
    default:
      return playError200(stage);
  }
}

async function hang(stage: Stage): Promise<void> {
  await pauseUnless(HANG_MS_MAX, stage.wire.left);
  if (!stage.wire.gone) resetNow(stage);
}

function resetNow(stage: Stage): void {
  stage.endCall();
  stage.wire.reset();
}

function serverError(stage: Stage): Json {
  const facts = { requestId: stage.requestId, model: stage.reply.ask.model };
  return writeError(stage.reply.vendor.errors, 'server', facts).body;
}

async function playError200(stage: Stage): Promise<void> {
  const { wire, call, headers, reply } = stage;
  call.status = 200;
  const body = JSON.stringify(serverError(stage));
  if (!reply.ask.stream) {
    await wire.whole(200, { ...headers, ...JSON_HEADERS }, encoder.encode(body));
    return;
  }
  await wire.head(200, { ...headers, ...SSE_HEADERS });
  await wire.send(frameChunk(encoder.encode(`data: ${body}\n\n`)));
  await wire.send(LAST_CHUNK);
}

async function playHuge(stage: Stage): Promise<void> {
  const { wire, call, headers, reply } = stage;
  const { stream } = reply.ask;
  call.status = 200;
  const kind = stream ? SSE_HEADERS : { ...JSON_HEADERS, 'transfer-encoding': 'chunked' };
  await wire.head(200, { ...headers, ...kind });
  const [first] = chunksOf({ ...reply, pieces: [HUGE_PIECE] });
  const start =
    '{"id":"huge","object":"chat.completion","choices":[{"index":0,"message":{"content":"';
  if (!stream) await wire.send(frameChunk(encoder.encode(start)));
  const text = stream ? `data: ${JSON.stringify(first?.json)}\n\n` : HUGE_PIECE;
  const bytes = frameChunk(encoder.encode(text));
  for (let sent = 0; sent < HUGE_BYTES_MAX; sent += bytes.length) {
    if (!(await wire.send(bytes))) return;
    if (stream) call.chunks_sent += 1;
    if (call.chunks_sent % HUGE_BURST === 0) await pause(0);
  }
  resetNow(stage);
}

async function playWhole(stage: Stage): Promise<void> {
  const { wire, call, plan, headers, reply } = stage;
  if (plan.breakWith === 'error') return sendError(stage, 'server', { model: reply.ask.model });
  if (plan.wholeAfterMs !== undefined) await pauseUnless(plan.wholeAfterMs, wire.left);
  const made = completionOf(reply);
  const body = encoder.encode(wholeText(plan, made));
  call.status = 200;
  const all = { ...headers, ...JSON_HEADERS };
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (plan.breakWith === 'end') {
    await wire.whole(200, all, half);
    return;
  }
  if (plan.breakWith === undefined && plan.wire === undefined) {
    if (await wire.whole(200, all, body)) call.usage = usageIn(made);
    return;
  }
  await wire.head(200, { ...all, 'content-length': String(body.length) });
  if (plan.breakWith === 'hang' || plan.breakWith === 'reset') {
    await wire.send(half);
    return plan.breakWith === 'hang' ? hang(stage) : resetSoon(stage);
  }
  if ((await writeAs(stage, body)) && plan.breakWith === undefined) call.usage = usageIn(made);
}

function wholeText(plan: Plan, made: JsonObject): string {
  if (plan.breakWith === 'malformed') return BROKEN_JSON;
  if (plan.wire !== 'crlf') return JSON.stringify(made);
  return `${JSON.stringify(made, null, 2).replaceAll('\n', '\r\n')}\r\n`;
}

function usageIn(made: JsonObject): JsonObject | null {
  return isObject(made.usage) ? made.usage : null;
}

async function resetSoon(stage: Stage): Promise<void> {
  await pauseUnless(BEFORE_RESET_MS, stage.wire.left);
  if (!stage.wire.gone) resetNow(stage);
}

async function playStream(stage: Stage): Promise<void> {
  const { wire, call, plan, headers, reply } = stage;
  const chunks = plan.emptyChoices === true ? emptyChunks(reply) : [...chunksOf(reply)];
  const pauseMs = plan.pauseMs ?? stage.pauseMs;
  const middle = plan.breakWith === undefined ? -1 : Math.max(1, Math.floor(chunks.length / 2));
  call.status = 200;
  call.chunks_total = chunks.length;
  if (!(await wire.head(200, { ...headers, ...SSE_HEADERS }))) return;
  const { comment } = reply.vendor.streaming;
  if (comment !== null) await sendEvent(stage, `: ${comment}\n\n`);
  for (const [index, chunk] of chunks.entries()) {
    if (index > 0 && pauseMs > 0) await pause(pauseMs);
    // The client cannot be seen leaving while nothing else runs: pauseless streams yield at times.
    else if (index % HUGE_BURST === HUGE_BURST - 1) await pause(0);
    if (index === middle && !(await breakStream(stage))) return;
    const ending = plan.wire === 'crlf' ? ': comment\n' : '';
    if (!(await sendEvent(stage, `${ending}data: ${JSON.stringify(chunk.json)}\n\n`))) return;
    count(call, chunk);
  }
  if (await sendEvent(stage, 'data: [DONE]\n\n')) await wire.send(LAST_CHUNK);
}

function count(call: Call, chunk: Chunk): void {
  call.chunks_sent += 1;
  call.tokens_sent += countTokens(chunk.text);
  if (chunk.hasUsage) call.usage = usageIn(chunk.json);
}

/** One chunk without choices, then usage where it is asked for. */
function emptyChunks(reply: Reply): Chunk[] {
  const none = { ...reply, turns: [] };
  const { usage: _usage, ...json } = completionOf(none);
  const first = { json: { ...json, object: 'chat.completion.chunk' }, text: '', hasUsage: false };
  return [first, ...chunksOf(none)];
}

/** The broken middle of a stream; true where the stream goes on after it. */
async function breakStream(stage: Stage): Promise<boolean> {
  switch (stage.plan.breakWith) {
    case 'hang':
      await hang(stage);
      return false;
    case 'reset':
      await resetSoon(stage);
      return false;
    case 'malformed':
      return sendEvent(stage, BROKEN_EVENT);
    case 'error':
      await sendEvent(stage, `data: ${JSON.stringify(serverError(stage))}\n\n`);
      await stage.wire.send(LAST_CHUNK);
      return false;
    default:
      await stage.wire.send(LAST_CHUNK);
      return false;
  }
}

function sendEvent(stage: Stage, text: string): Promise<boolean> {
  const lines = stage.plan.wire === 'crlf' ? text.replaceAll('\n', '\r\n') : text;
  return writeAs(stage, frameChunk(encoder.encode(lines)));
}

/** Bytes in one write, one write each, or split inside every character of more than one byte. */
async function writeAs({ wire, plan }: Stage, bytes: Uint8Array): Promise<boolean> {
  if (plan.wire === 'bytes') {
    for (let at = 0; at < bytes.length; at += 1) {
      if (!(await wire.send(bytes.subarray(at, at + 1)))) return false;
      await pause(0);
    }
    return true;
  }
  if (plan.wire !== 'utf8') return wire.send(bytes);
  let start = 0;
  for (let at = 1; at <= bytes.length; at += 1) {
    if (at < bytes.length && !(isFollower(bytes[at]!) && !isFollower(bytes[at - 1]!))) continue;
    if (!(await wire.send(bytes.subarray(start, at)))) return false;
    await pause(UTF8_PAUSE_MS);
    start = at;
  }
  return true;
}

/** A byte inside a UTF-8 character, after its first one. */
function isFollower(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
