/** The second half of a streamed call: from the first event to the last. */
import { Fault, type FaultCode } from '../kit/fault.ts';
import type { EndReason } from '../storage/ports.ts';
import type { AttemptTimer, VendorStream } from './attempt.ts';
import { stoppedFailure } from './attempt.ts';
import { tellGood } from './attempts.ts';
import type { Call, RelayDeps, Sink } from './call.ts';
import { type Failure, toFailure } from './failure.ts';
import { rescue } from './rescue.ts';
import { settle } from './settle.ts';

interface Pump {
  readonly stream: VendorStream;
  readonly sink: Sink;
}

/**
 * Follows the caller's leaving by the key's policy. `drain`: the answer is read on, within its
 * limits, so that the vendor's own count is charged. `abort`: the vendor is stopped at once.
 */
export function watchCaller(call: Call, deps: RelayDeps): void {
  const { left, caller } = call.input;
  const leave = (): void => {
    if (call.settled || call.stopped !== null) return;
    call.stopped = 'caller_left';
    if (caller.key.onDisconnect === 'abort' || countDrains(deps) >= deps.settings.drain.drainsMax) {
      call.stop?.('caller_left');
      return;
    }
    call.draining = true;
    call.endWithin?.(deps.settings.drain.drainMs);
  };
  if (left.aborted) leave();
  else left.addEventListener('abort', leave, { once: true });
}

function countDrains(deps: RelayDeps): number {
  let count = 0;
  for (const call of deps.live) if (call.draining) count += 1;
  return count;
}

/** Carries the stream to its end, by whoever can, and settles. Never throws. */
export async function pumpStream(call: Call, pump: Pump, deps: RelayDeps): Promise<void> {
  const { sink } = pump;
  let { stream } = pump;
  for (;;) {
    const failure = await pumpOne(call, { stream, sink }, deps);
    const next = failure === null ? null : await rescue(call, { stream, failure }, deps);
    if (next === null) {
      const fault = failure?.fault ?? null;
      await finish(call, { stream, sink, fault }, deps);
      return;
    }
    stream = next;
  }
}

/** Carries one upstream's part of the stream; null where it is complete. */
async function pumpOne(call: Call, pump: Pump, deps: RelayDeps): Promise<Failure | null> {
  const { timer, reply } = pump.stream;
  const failure = await carry(call, pump).then(
    (fault) => (fault === null ? null : toFailure(fault)),
    (thrown: unknown) => (timer.stopped === null ? toFailure(thrown) : stoppedFailure(timer)),
  );
  timer.end();
  reply.close();
  tellBreaker(call, failure, deps);
  return failure;
}

/** The fault of a stream that ended before it was complete, or null. */
async function carry(call: Call, pump: Pump): Promise<Fault | null> {
  const { reply, cutter, watch, timer, first } = pump.stream;
  if (first !== null) await send(call, pump, first);
  for (;;) {
    const chunk = await reply.read();
    if (chunk === null) break;
    timer.heard();
    const whole = cutter.push(chunk);
    if (whole === null) continue;
    const shown = watch.look(whole);
    if (shown === null) continue;
    const slow = send(call, pump, shown);
    if (slow !== undefined) await slow;
    if (watch.failed !== null) throw watch.failed;
  }
  const rest = cutter.rest();
  if (rest.length > 0) await sendRest(call, pump, rest);
  const fault = watch.end();
  if (fault === null && watch.tail !== null) await send(call, pump, watch.tail);
  return fault;
}

/**
 * A caller that reads slowly is waited for, within the total limit; the vendor is not to blame for
 * it. Who leaves or is stopped meanwhile may never read on, so nobody waits for that.
 */
async function waitForReader(call: Call, timer: AttemptTimer, slow: Promise<void>): Promise<void> {
  timer.pause();
  const ends = [call.input.left, timer.signal];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  slow.then(resolve, reject);
  const go = (): void => resolve();
  for (const signal of ends) {
    if (signal.aborted) go();
    else signal.addEventListener('abort', go, { once: true });
  }
  try {
    await promise;
  } finally {
    for (const signal of ends) signal.removeEventListener('abort', go);
  }
  timer.heard();
}

/** To a caller that left nothing is sent; what was read still counts. */
function send(call: Call, pump: Pump, bytes: Uint8Array): void | Promise<void> {
  if (call.stopped !== null) return undefined;
  const slow = pump.sink.write(bytes);
  return slow === undefined ? undefined : waitForReader(call, pump.stream.timer, slow);
}

/** Some vendors leave out the last empty line; half an event is not passed on. */
async function sendRest(call: Call, pump: Pump, rest: Uint8Array): Promise<void> {
  const ended = Buffer.concat([rest, Buffer.from('\n\n')]);
  try {
    const shown = pump.stream.watch.look(ended);
    if (shown !== null) await send(call, pump, shown);
  } catch {
    throw new Fault('vendor_cut');
  }
}

function tellBreaker(call: Call, failure: Failure | null, deps: RelayDeps): void {
  const { candidate } = call;
  if (candidate === null) return;
  if (failure === null) {
    tellGood(candidate, deps);
    return;
  }
  const { model, upstream } = failure.verdicts;
  deps.breaker.tell(candidate.breakerName, call.stopped === null ? model : 'neutral');
  // It answered, so its credential is good, unless it said otherwise in the stream.
  deps.breaker.tell(candidate.upstream.id, upstream === 'refused' ? upstream : 'good');
}

const REASONS: Partial<Record<FaultCode, EndReason>> = {
  vendor_timeout: 'timeout',
  structured_output_failed: 'vendor_fault',
};

async function finish(
  call: Call,
  end: Pump & { readonly fault: Fault | null },
  deps: RelayDeps,
): Promise<void> {
  const { watch } = end.stream;
  const { fault } = end;
  const reason =
    call.stopped ?? (fault === null ? 'complete' : (REASONS[fault.code] ?? 'vendor_cut'));
  if (fault !== null && call.stopped !== 'caller_left') {
    const shown = call.stopped === 'shutdown' ? new Fault('shutting_down') : fault;
    await writeLast(end.sink, call.input.writeFaultEvent(shown));
  }
  // A vendor that was cut before it wrote anything and counted nothing is paid nothing.
  const silent = watch.contentBytes === 0 && watch.usage === null && call.stopped === null;
  const contentBytes = fault !== null && silent ? null : watch.contentBytes;
  const shown = call.stopped === 'caller_left' ? null : fault;
  // Nobody waits for the books: the caller's stream ends with its last byte.
  settle(call, { reason, fault: shown, usage: watch.usage, contentBytes }, deps);
}

/** A caller that cannot be told any more is no reason not to settle. */
async function writeLast(sink: Sink, event: string): Promise<void> {
  try {
    await sink.write(event);
  } catch {
    // It left; the row in the books says how the call ended.
  }
}
