/** One try at one upstream: until it has begun to answer, or failed. */
import { openExchange, openRest } from '../dialects/index.ts';
import type { ErrorReader, Exchange, ReadReply, StreamWatch, Written } from '../dialects/shape.ts';
import { AwsEventCutter } from '../kit/aws-eventstream.ts';
import type { Deadline } from '../kit/clock.ts';
import { Fault, type FaultCode } from '../kit/fault.ts';
import type { OutboundReply } from '../kit/fetch.ts';
import type { Json } from '../kit/json.ts';
import { EVENT_BYTES_MAX, EventCutter } from '../kit/sse.ts';
import { type Call, exchangeWish, type RelayDeps } from './call.ts';
import { bodyFailure, Failure, readRetryAfter, vendorFailure } from './failure.ts';
import { openFor } from './structured.ts';
import type { Candidate } from './upstreams.ts';

/** Longest plain answer. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
/** Longest error body that is read. */
const ERROR_BYTES_MAX = 1024 * 1024;

export type Begun =
  | ({ readonly kind: 'whole' } & ReadReply)
  | { readonly kind: 'stream'; readonly stream: VendorStream };

/** A stream that has begun; `first` is what it said so far. */
export interface VendorStream {
  readonly reply: OutboundReply;
  readonly cutter: Pick<EventCutter, 'push' | 'rest'>;
  readonly watch: StreamWatch;
  readonly timer: AttemptTimer;
  readonly exchange: Exchange;
  readonly readError: ErrorReader;
  first: Uint8Array | null;
}

/** The time limits of one attempt, all in one deadline; and the only hand on its abort. */
export class AttemptTimer {
  readonly #deps: RelayDeps;
  readonly #abort = new AbortController();
  readonly #deadline: Deadline;
  readonly #startedMs: number;
  #endsMs: number;
  #draining = false;
  /** Why it was stopped, once it was. */
  stopped: FaultCode | 'caller_left' | 'shutdown' | null = null;

  constructor(deps: RelayDeps) {
    const { firstByteMs, totalMs } = deps.settings.times;
    this.#deps = deps;
    this.#startedMs = deps.clock.tickMs();
    this.#endsMs = this.#startedMs + totalMs;
    this.#deadline = deps.deadlines.add(firstByteMs, () => {
      // The time after a caller's leaving is ours to give; the vendor was not slow by it.
      const ours = this.#draining && this.#deadline.atMs >= this.#endsMs;
      this.stop(ours ? 'caller_left' : 'vendor_timeout');
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get ms(): number {
    return Math.round(this.#deps.clock.tickMs() - this.#startedMs);
  }

  /** Something came: the idle limit begins anew, within the total one. */
  heard(): void {
    this.#leave(this.#deps.settings.times.idleMs);
  }

  /** One of several answers came; each of the others may take as long as a plain answer does. */
  heardPart(): void {
    this.#leave(this.#deps.settings.times.firstByteMs);
  }

  #leave(ms: number): void {
    this.#deps.deadlines.push(this.#deadline, ms);
    if (this.#deadline.atMs > this.#endsMs) this.#deadline.atMs = this.#endsMs;
  }

  /** Only the total limit counts until something is heard again. */
  pause(): void {
    this.#deadline.atMs = this.#endsMs;
  }

  /** The caller left: at most this much time is left, whatever comes. */
  endWithin(ms: number): void {
    this.#draining = true;
    this.#endsMs = Math.min(this.#endsMs, this.#deps.clock.tickMs() + ms);
    if (this.#deadline.atMs > this.#endsMs) this.#deadline.atMs = this.#endsMs;
  }

  stop(why: FaultCode | 'caller_left' | 'shutdown'): void {
    if (this.stopped !== null) return;
    this.stopped = why;
    this.#deps.deadlines.remove(this.#deadline);
    this.#abort.abort();
  }

  end(): void {
    this.#deps.deadlines.remove(this.#deadline);
  }
}

/** Sends the call to this upstream. Throws what toFailure understands. */
export async function attempt(call: Call, candidate: Candidate, deps: RelayDeps): Promise<Begun> {
  refuseStopped(call);
  if (candidate.upstream.withheld === true) {
    throw new Failure(new Fault('credential_unavailable'), { cause: 'unfit', sent: false });
  }
  const { request } = call.input;
  const exchange = exchangeFor(call, candidate);
  const streams = exchange.streams ?? request.stream;
  const written = writeFor(call, candidate, exchange);
  const timer = new AttemptTimer(deps);
  call.stop = (why) => timer.stop(why);
  call.endWithin = (ms) => timer.endWithin(ms);
  try {
    const readError = (body: Json): Error => bodyFailure(candidate.upstream.vendor, body);
    const to: To = { call, candidate, timer, streams, headers: written.headers };
    if (written.rest !== undefined && written.rest.length > 0) {
      const texts = await sendParts([written.text, ...written.rest], to, deps);
      timer.end();
      if (exchange.joinReplies === undefined) throw new Error('several bodies cannot be joined');
      return { kind: 'whole', ...exchange.joinReplies(texts, readError) };
    }
    const reply = await send(written.text, to, deps);
    if (!streams) {
      const text = await reply.text(REPLY_BYTES_MAX);
      timer.end();
      return { kind: 'whole', ...exchange.readReply(text, readError) };
    }
    const watch = exchange.watch(readError);
    const framed = candidate.service.framing === 'aws-eventstream';
    const cutter = framed ? new AwsEventCutter() : new EventCutter();
    const stream = { reply, cutter, watch, timer, exchange, readError, first: null };
    return { kind: 'stream', stream: await beginStream(stream) };
  } catch (thrown) {
    timer.end();
    if (timer.stopped !== null) throw stoppedFailure(timer);
    timer.stop('vendor_error');
    throw thrown;
  }
}

/** Untouched where it can be; through the common turn where another upstream may have to go on. */
function exchangeFor(call: Call, candidate: Candidate): Exchange {
  const { service } = candidate;
  if (call.rescuable !== null) {
    return openRest(call.rescuable, service.dialect, service.continues === true);
  }
  const wish = { ...exchangeWish(call.input, call.hold), to: service.dialect };
  return openFor(call, candidate, wish) ?? openExchange(wish);
}

interface To {
  readonly call: Call;
  readonly candidate: Candidate;
  readonly timer: AttemptTimer;
  readonly streams: boolean;
  /** Of this request alone; absent: none. */
  readonly headers: Written['headers'];
}

/** One request on its way; resolves when the vendor has begun a good answer. */
async function send(body: string, to: To, deps: RelayDeps): Promise<OutboundReply> {
  const { call, candidate, timer } = to;
  const url = to.streams ? candidate.streamUrl : candidate.url;
  const headers =
    to.headers === undefined ? candidate.headers : { ...candidate.headers, ...to.headers };
  const ask = { method: 'POST', url, headers, body } as const;
  const proved = deps.credentials.prove(candidate.upstream, ask);
  const proof = proved instanceof Promise ? await proved : proved;
  refuseStopped(call);
  const reply = await deps.outbound({
    ...ask,
    headers: { ...headers, ...proof, 'x-client-request-id': call.hold.id },
    signal: timer.signal,
    connectMs: deps.settings.times.connectMs,
  });
  if (reply.status !== 200) throw await refusal(reply, candidate, deps);
  return reply;
}

/** Requests of one call that are under way at once. */
const PARTS_AT_ONCE = 4;

/** Several bodies of one call; those that were answered before a failure are not sent again. */
async function sendParts(bodies: readonly string[], to: To, deps: RelayDeps): Promise<string[]> {
  const { call, candidate, timer } = to;
  const texts: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next; at < bodies.length; at = next) {
      next += 1;
      const name = `${candidate.breakerName}|${at}`;
      const known = call.answered.get(name);
      const text = known ?? (await (await send(bodies[at] ?? '', to, deps)).text(REPLY_BYTES_MAX));
      timer.heardPart();
      call.answered.set(name, text);
      texts[at] = text;
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work));
  return texts;
}

/** The vendor's body; what had to be said otherwise is kept with the call. */
function writeFor(call: Call, candidate: Candidate, exchange: Exchange): Written {
  const { inputsMax } = candidate.service;
  const written = exchange.write(call.input.request, {
    wireModel: candidate.wireName,
    tweaks: candidate.service.tweaks,
    mayDrop: call.input.mayDrop,
    asksUsage: candidate.service.streamUsage !== 'always',
    ...(inputsMax === undefined ? {} : { inputsMax }),
    outputTokensMax: call.route.model.outputTokensMax,
  });
  call.dropped = written.dropped;
  call.warnings = [...(call.input.request.warnings ?? []), ...(written.warnings ?? [])];
  return written;
}

/** Who left before the vendor was asked costs nothing. */
function refuseStopped(call: Call): void {
  if (call.stopped === null) return;
  throw new Failure(new Fault('shutting_down'), { cause: 'stopped', sent: false });
}

async function refusal(
  reply: OutboundReply,
  candidate: Candidate,
  deps: RelayDeps,
): Promise<Failure> {
  const retryAfterMs = readRetryAfter(reply.header('retry-after'), deps.clock.nowMs());
  const text = await reply.text(ERROR_BYTES_MAX).catch(() => '');
  return vendorFailure(candidate.upstream.vendor, { status: reply.status, text, retryAfterMs });
}

export function stoppedFailure(timer: AttemptTimer): Failure {
  if (timer.stopped === 'caller_left' || timer.stopped === 'shutdown') {
    return new Failure(new Fault('shutting_down'), { cause: 'stopped' });
  }
  return new Failure(new Fault('vendor_timeout'), { cause: 'timeout' });
}

/** What stands before the first choice, such as a filter's verdict, is kept for the caller. */
function joinFirst(before: Uint8Array | null, shown: Uint8Array): Uint8Array {
  if (before === null) return shown;
  if (before.length + shown.length > EVENT_BYTES_MAX) throw new Fault('vendor_malformed');
  return Buffer.concat([before, shown]);
}

/** Reads up to the first choice, so that an error or an empty answer can still be failed over. */
async function beginStream(stream: VendorStream): Promise<VendorStream> {
  const type = stream.reply.header('content-type') ?? '';
  if (type.startsWith('application/json')) {
    const text = await stream.reply.text(REPLY_BYTES_MAX);
    stream.exchange.readReply(text, stream.readError);
    throw new Fault('vendor_malformed', { message: 'The vendor answered a stream with one body.' });
  }
  while (!stream.watch.begun) {
    const chunk = await stream.reply.read();
    if (chunk === null) throw stream.watch.end() ?? new Fault('vendor_cut');
    const whole = stream.cutter.push(chunk);
    stream.timer.heard();
    const shown = whole === null ? null : stream.watch.look(whole);
    if (stream.watch.failed !== null) throw stream.watch.failed;
    if (shown !== null) stream.first = joinFirst(stream.first, shown);
  }
  return stream;
}
