/** Idempotency keys: joined to their store, with the timers that keep them. */

import { makeOnce, type Once } from '../edge/idempotency.ts';
import { type Deadlines, every, systemClock } from '../kit/clock.ts';
import type { Booted } from './boot.ts';

const RENEW_EVERY_MS = 10_000;
const SWEEP_EVERY_MS = 60_000;

export function openOnce(
  { store, settings, log }: Booted,
  deadlines: Deadlines,
): { readonly once: Once; readonly stop: () => void } {
  const { idempotency, drain, server } = settings;
  const once = makeOnce({
    store: store.idempotency,
    clock: systemClock,
    log,
    deadlines,
    bodyLimits: { bytesMax: server.body_bytes_max, timeMs: server.body_timeout_ms },
    drain: { drainMs: drain.drain_ms, drainsMax: drain.drains_max },
    settings: {
      answerBytesMax: idempotency.answer_bytes_max,
      accountBytesMax: idempotency.account_bytes_max,
      waitMs: idempotency.wait_ms,
    },
  });
  const tell = (error: unknown): void => log.error('idempotency keys are not kept up', { error });
  const stops = [
    every(RENEW_EVERY_MS, () => void once.renew().catch(tell)),
    every(SWEEP_EVERY_MS, () => void once.sweep().catch(tell)),
  ];
  return { once, stop: () => stops.forEach((stop) => void stop()) };
}
