/** Jobs that a vendor takes while its answer is lost: by a 500, or by a broken connection. */
import { expect } from 'bun:test';
import { z } from 'zod';
import { audit, ledgerCalls } from './books.ts';
import { until } from './gateway.ts';
import { jobsOf, MEDIA_VENDORS, type MediaVendor, openPlace, type Place } from './media-place.ts';

/** Time to look into the vendor's list, more than once. */
export const LOST_RUN_MS = 40_000;
export const LOSSES = ['sandbox-lost-answer', 'sandbox-no-answer'] as const;

export interface LostClient {
  readonly vendor: MediaVendor;
  readonly client: string;
  /** Each client has its own, so that its tasks and charges are told apart. */
  readonly model: string;
  /** It has no price, so only accounts without a limit may use it. */
  readonly unpriced?: true;
  /** The vendor lists no jobs and takes no mark: nothing is sent again, and people must look. */
  readonly held?: true;
}

export const promptOf = (loss: string, { model }: LostClient): string => `${loss} of ${model}`;

export function openLossyPlace(): Promise<Place> {
  const lines = [
    // What a task's callback URL is made of: two vendors repeat it in their lists.
    'public_url: http://127.0.0.1:9',
    'tasks: { pace_percent: 5, sure_after_ms: 1000 }',
  ];
  return openPlace({ vendors: MEDIA_VENDORS, lines });
}

const tasks = z.object({
  data: z.array(z.object({ status: z.string(), status_detail: z.string().nullable() })),
});

async function tasksOf({ model, unpriced }: LostClient, { gateway, key }: Place) {
  const auth = unpriced === true ? gateway.key : key;
  const url = `${gateway.url}/v1/tasks?model=${encodeURIComponent(model)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${auth}` } });
  return tasks.parse(await response.json()).data;
}

/** Of each loss: one task, which ends or is held; one job; one charge. */
export async function expectOneOfEach(one: LostClient, place: Place): Promise<void> {
  const mine = await until(
    async () => {
      const seen = await tasksOf(one, place);
      const over = seen.filter(({ status, status_detail: detail }) =>
        one.held === true ? detail === 'held_for_review' : status === 'succeeded',
      );
      return over.length > 0 && over.length === seen.length ? seen : undefined;
    },
    `every task of ${one.model} is over`,
    LOST_RUN_MS / 2,
  );
  expect(mine).toHaveLength(LOSSES.length);
  for (const loss of LOSSES) expect(await jobsOf(place, promptOf(loss, one))).toHaveLength(1);
  const calls = (await ledgerCalls(place.gateway)).filter(({ model }) => model === one.model);
  const state = one.held === true ? 'open' : 'charged';
  expect(calls.map((call) => call.state)).toEqual(LOSSES.map(() => state));
  const isFree = one.held === true || one.unpriced === true;
  for (const { charge } of calls) expect(charge === '0').toBe(isFree);
}

/** What nobody knows of is held, all else is settled, and no vendor has a job more. */
export async function expectNoMore(all: readonly LostClient[], place: Place): Promise<void> {
  const held = all.filter((one) => one.held === true).length * LOSSES.length;
  const books = await audit(place.gateway);
  expect(books).toMatchObject({ balanced: true, problems: [], open_holds: held, unknown: 0 });
  const { jobs } = z
    .object({ jobs: z.array(z.unknown()) })
    .parse(await (await fetch(`${place.sandbox}/sandbox/jobs`)).json());
  expect(jobs).toHaveLength(all.length * LOSSES.length);
}
