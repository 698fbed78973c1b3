/** Takes away responses that have expired, a little at a time. */
import { every } from '../kit/clock.ts';
import type { ResponseStoreDeps } from './response-store.ts';

const SWEEP_EVERY_MS = 60_000;
/** Rows of one step, so that nothing else waits long for the database. */
const STEP_ROWS_MAX = 100;
/** Steps of one sweep; what is left then is taken by the next. */
const STEPS_MAX = 50;

/** One sweep; answers how many were taken away. */
export async function sweepResponses({ responses, clock }: ResponseStoreDeps): Promise<number> {
  let swept = 0;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const rows = await responses.sweep(clock.nowMs(), STEP_ROWS_MAX);
    swept += rows;
    if (rows < STEP_ROWS_MAX) break;
  }
  return swept;
}

/** Sweeps from time to time, never twice at once; answers what stops it. */
export function keepSweeping(deps: ResponseStoreDeps): () => void {
  let busy = false;
  return every(SWEEP_EVERY_MS, () => {
    if (busy) return;
    busy = true;
    sweepResponses(deps)
      .catch((error: unknown) => deps.log.error('expired responses cannot be removed', { error }))
      .finally(() => {
        busy = false;
      });
  });
}
