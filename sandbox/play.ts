/** Sends an answer over the wire as a plan says: whole or streamed, healthy or broken. */
import type { Json } from '../src/kit/json.ts';
import type { Call } from './calls.ts';
import { pause, pauseUnless } from './clock.ts';
import { type ErrorFacts, type ErrorKind, type ErrorStyle, writeError } from './errors.ts';
import type { Plan } from './faults.ts';
import type { Frame, Speech } from './speech.ts';
import { countTokens } from './tokens.ts';
import { frameChunk, type Headers, LAST_CHUNK, type Reply as Wire } from './wire.ts';

/** What a refusal needs. */
export interface Floor {
  readonly wire: Wire;
  readonly call: Call;
  readonly plan: Plan;
  readonly errors: ErrorStyle;
  readonly headers: Headers;
  readonly requestId: string;
}

export interface Stage extends Floor {
  readonly model: string;
  readonly stream: boolean;
  /** Path of the mount, where redirects lead. */
  readonly path: string;
  /** The answer; `pieces` are the texts that a fault prescribes for it. */
  readonly speak: (pieces: readonly string[] | null) => Speech;
  readonly pieces: readonly string[] | null;
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
const JSON_HEADERS: Headers = { 'content-type': 'application/json; charset=utf-8' };
/** Part of a body that is sent where it is not JSON: too little to be read. */
const BROKEN_SHARE = 0.4;

function streamHeaders(speech: Speech): Headers {
  return {
    'content-type': speech.type,
    'cache-control': 'no-cache',
    'transfer-encoding': 'chunked',
  };
}

const HTML_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n' +
  '<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n' +
  '</body>\r\n</html>\r\n';

/** Sends a refusal in the vendor's style. */
export async function sendError(
  floor: Floor,
  kind: ErrorKind,
  facts: Omit<ErrorFacts, 'requestId'>,
): Promise<void> {
  const { wire, call, plan, headers, requestId, errors } = floor;
  const written = writeError(errors, kind, { ...facts, requestId });
  call.status = written.status;
  const all = { ...headers, ...JSON_HEADERS, ...written.headers, ...plan.headers };
  await wire.whole(written.status, all, encoder.encode(JSON.stringify(written.body)));
}

/** Answers a call that was found to be in order. */
export async function play(stage: Stage): Promise<void> {
  const { plan } = stage;
  if (plan.special !== undefined) return playSpecial(stage, plan.special);
  const speech = stage.speak(stage.pieces);
  return stage.stream ? playStream(stage, speech) : playWhole(stage, speech);
}

async function playSpecial(stage: Stage, special: Plan['special']): Promise<void> {
  const { wire, call, headers } = stage;
  const kind = stage.stream ? streamHeaders(stage.speak(null)) : JSON_HEADERS;
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
        { ...headers, location: `${stage.path}/redirected` },
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
  const facts = { requestId: stage.requestId, model: stage.model };
  return writeError(stage.errors, 'server', facts).body;
}

async function playError200(stage: Stage): Promise<void> {
  const { wire, call, headers } = stage;
  call.status = 200;
  const body = serverError(stage);
  if (!stage.stream) {
    const bytes = encoder.encode(JSON.stringify(body));
    await wire.whole(200, { ...headers, ...JSON_HEADERS }, bytes);
    return;
  }
  const speech = stage.speak(null);
  await wire.head(200, { ...headers, ...streamHeaders(speech) });
  await wire.send(frameChunk(toBytes(speech.failure(body))));
  await wire.send(LAST_CHUNK);
}

/** The start of an answer, and the part of it that is sent over and over. */
function endlessParts(stage: Stage): { head: string | Uint8Array; again: string | Uint8Array } {
  const speech = stage.speak([HUGE_PIECE]);
  if (!stage.stream) {
    const text = JSON.stringify(speech.whole);
    return { head: text.slice(0, Math.max(0, text.indexOf(HUGE_PIECE))), again: HUGE_PIECE };
  }
  const at = speech.frames.findIndex(({ text }) => text === HUGE_PIECE);
  const head = speech.frames.slice(0, Math.max(0, at)).map(({ bytes }) => toBytes(bytes));
  const again = speech.frames[at]?.bytes ?? speech.frames[0]?.bytes ?? HUGE_PIECE;
  return { head: Buffer.concat(head), again };
}

async function playHuge(stage: Stage): Promise<void> {
  const { wire, call, headers, stream } = stage;
  call.status = 200;
  const kind = stream
    ? streamHeaders(stage.speak([HUGE_PIECE]))
    : { ...JSON_HEADERS, 'transfer-encoding': 'chunked' };
  await wire.head(200, { ...headers, ...kind });
  const { head, again } = endlessParts(stage);
  if (head.length > 0) await wire.send(frameChunk(toBytes(head)));
  const bytes = frameChunk(toBytes(again));
  for (let sent = 0; sent < HUGE_BYTES_MAX; sent += bytes.length) {
    if (!(await wire.send(bytes))) return;
    if (stream) call.chunks_sent += 1;
    if (call.chunks_sent % HUGE_BURST === 0) await pause(0);
  }
  resetNow(stage);
}

async function playWhole(stage: Stage, speech: Speech): Promise<void> {
  const { wire, call, plan, headers } = stage;
  if (plan.breakWith === 'error') return sendError(stage, 'server', { model: stage.model });
  if (plan.wholeAfterMs !== undefined) await pauseUnless(plan.wholeAfterMs, wire.left);
  const body = encoder.encode(wholeText(plan, speech.whole));
  call.status = 200;
  const all = { ...headers, ...JSON_HEADERS, ...speech.headers };
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (plan.breakWith === 'end') {
    await wire.whole(200, all, half);
    return;
  }
  if (plan.breakWith === undefined && plan.wire === undefined) {
    if (await wire.whole(200, all, body)) call.usage = speech.usage;
    return;
  }
  await wire.head(200, { ...all, 'content-length': String(body.length) });
  if (plan.breakWith === 'hang' || plan.breakWith === 'reset') {
    await wire.send(half);
    return plan.breakWith === 'hang' ? hang(stage) : resetSoon(stage);
  }
  if ((await writeAs(stage, body)) && plan.breakWith === undefined) call.usage = speech.usage;
}

function wholeText(plan: Plan, whole: Json): string {
  const text = JSON.stringify(whole);
  if (plan.breakWith === 'malformed') return text.slice(0, Math.floor(text.length * BROKEN_SHARE));
  if (plan.wire !== 'crlf') return text;
  return `${JSON.stringify(whole, null, 2).replaceAll('\n', '\r\n')}\r\n`;
}

async function resetSoon(stage: Stage): Promise<void> {
  await pauseUnless(BEFORE_RESET_MS, stage.wire.left);
  if (!stage.wire.gone) resetNow(stage);
}

async function playStream(stage: Stage, speech: Speech): Promise<void> {
  const { wire, call, plan, headers } = stage;
  const { frames } = speech;
  const pauseMs = plan.pauseMs ?? stage.pauseMs;
  const middle = plan.breakWith === undefined ? -1 : Math.max(1, Math.floor(frames.length / 2));
  call.status = 200;
  call.chunks_total = frames.length;
  const all = { ...headers, ...streamHeaders(speech), ...speech.headers };
  if (!(await wire.head(200, all))) return;
  if (speech.start !== null) await sendFrame(stage, speech.start);
  for (const [index, frame] of frames.entries()) {
    if (index > 0 && pauseMs > 0) await pause(pauseMs);
    // The client cannot be seen leaving while nothing else runs: pauseless streams yield at times.
    else if (index % HUGE_BURST === HUGE_BURST - 1) await pause(0);
    if (index === middle && !(await breakStream(stage, speech))) return;
    const comment = plan.wire === 'crlf' && speech.commented ? ': comment\n' : '';
    const { bytes } = frame;
    const sent = typeof bytes === 'string' ? `${comment}${bytes}` : bytes;
    if (!(await sendFrame(stage, sent))) return;
    count(call, frame);
  }
  if (speech.end === null || (await sendFrame(stage, speech.end))) await wire.send(LAST_CHUNK);
}

function count(call: Call, frame: Frame): void {
  call.chunks_sent += 1;
  call.tokens_sent += countTokens(frame.text);
  if (frame.usage !== null) call.usage = frame.usage;
}

/** The broken middle of a stream; true where the stream goes on after it. */
async function breakStream(stage: Stage, speech: Speech): Promise<boolean> {
  switch (stage.plan.breakWith) {
    case 'hang':
      await hang(stage);
      return false;
    case 'reset':
      await resetSoon(stage);
      return false;
    case 'malformed':
      return sendFrame(stage, speech.broken);
    case 'error':
      await sendFrame(stage, speech.failure(serverError(stage)));
      await stage.wire.send(LAST_CHUNK);
      return false;
    default:
      await stage.wire.send(LAST_CHUNK);
      return false;
  }
}

function toBytes(frame: string | Uint8Array): Uint8Array {
  return typeof frame === 'string' ? encoder.encode(frame) : frame;
}

function sendFrame(stage: Stage, frame: string | Uint8Array): Promise<boolean> {
  const crlf = stage.plan.wire === 'crlf' && typeof frame === 'string';
  const whole = crlf ? frame.replaceAll('\n', '\r\n') : frame;
  return writeAs(stage, frameChunk(toBytes(whole)));
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
