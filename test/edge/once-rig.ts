/** An edge with idempotency keys, and a route whose answers the test makes up. */

import { writeFault } from '../../src/dialects/openai-chat/fault.ts';
import { makeOnce, type Once, type OnceSettings } from '../../src/edge/idempotency.ts';
import { type Route, route, type Visit } from '../../src/edge/routes.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { Idempotency } from '../../src/storage/ports.ts';
import { type Edge, startEdge, type Wish } from './rig.ts';

export const WORK = '/test/work';
export const SETTINGS: OnceSettings = {
  answerBytesMax: 10_000,
  accountBytesMax: 50_000,
  waitMs: 300,
};
const DRAIN_MS = 400;

export interface OnceEdge extends Edge {
  readonly once: Once;
  /** How often the work was done. */
  readonly done: () => number;
}

export type Work = (visit: Visit, body: string) => Response | Promise<Response>;

export interface OnceWish extends Wish {
  readonly settings?: Partial<OnceSettings>;
  readonly work?: Work;
  /** In place of the store's own. */
  readonly store?: (real: Idempotency) => Idempotency;
  /** What is put ahead of the clock. */
  readonly aheadMs?: () => number;
}

export async function startOnceEdge(wish: OnceWish = {}): Promise<OnceEdge> {
  let done = 0;
  let once: Once | null = null;
  const work: Work = wish.work ?? ((_, body) => new Response(`did ${body}`));
  const worker: Route = route({
    method: 'POST',
    path: WORK,
    access: 'caller',
    async handle(visit) {
      done += 1;
      return work(visit, await visit.request.text());
    },
    writeFault,
  });
  const aheadMs = wish.aheadMs ?? (() => 0);
  const edge = await startEdge({
    ...wish,
    around(routes, deps) {
      once = makeOnce({
        ...deps,
        store: wish.store?.(deps.store.idempotency) ?? deps.store.idempotency,
        clock: { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs() },
        log: deps.relay.log,
        settings: { ...SETTINGS, ...wish.settings },
        drain: { drainMs: DRAIN_MS, drainsMax: 2 },
      });
      return once.around([...routes, worker]);
    },
  });
  if (once === null) throw new Error('the routes were never made');
  return { ...edge, once, done: () => done };
}
