/** Resident memory per open stream, of an idle process, and the time of a cold start. */
import { Conn, deadline, requestBytes } from './client.ts';
import type { Contestant } from './contestant.ts';
import { stop } from './contestant.ts';
import type { Mock } from './mock.ts';
import type { Shape } from './payloads.ts';
import { chatBody, SHAPES } from './payloads.ts';
import type { GangwayOptions } from './start-gangway.ts';
import { coldStart } from './start-gangway.ts';
import { median, round } from './stats.ts';
import type { Watched } from './streams.ts';
import { failuresOf, openStreams } from './streams.ts';
import { nowUs, rssKb } from './sys.ts';

const WARM_STREAMS = 30;
const WARM_CHUNKS = 20;
const WARM_EVERY_MS = 20;
const EVENT_EVERY_MS = 2000;
const LEAST_DELIVERIES = 2;
const SETTLE_MS = 2000;
const SAMPLES = 10;
const SAMPLE_EVERY_MS = 200;
const OPEN_FILES_SPARE = 200;
const ANSWER_TIMEOUT_MS = 10_000;
const US_PER_MS = 1000;
const KB_PER_MB = 1024;

export interface MemoryPlan {
  readonly mock: Mock;
  readonly counts: readonly number[];
  readonly openFiles: number;
}

export interface MemoryPoint {
  readonly streams: number;
  readonly rssMb: number;
  readonly kbPerStream: number | null;
  readonly failures: number;
  readonly noData?: string;
}

export interface MemoryRow {
  readonly name: string;
  readonly level: string;
  readonly idleMb: number;
  readonly warmMb: number;
  readonly points: readonly MemoryPoint[];
  /** After every stream was reset and the process was left alone for a while. */
  readonly afterMb: number;
  /** Streams that the mock vendor still had open then. */
  readonly leftOpen: number;
}

async function steadyRss(to: Contestant): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    samples.push(rssKb(to.pids));
    await Bun.sleep(SAMPLE_EVERY_MS);
  }
  return median(samples);
}

async function warm(plan: MemoryPlan, to: Contestant): Promise<void> {
  plan.mock.mode = { kind: 'paced', everyMs: WARM_EVERY_MS, chunks: WARM_CHUNKS };
  const streams: Watched[] = [];
  await openStreams(to, streams, WARM_STREAMS);
  await Bun.sleep(WARM_EVERY_MS * WARM_CHUNKS + SETTLE_MS);
  for (const one of streams) one.conn.end();
}

async function point(
  plan: MemoryPlan,
  to: Contestant,
  at: { readonly streams: Watched[]; readonly count: number; readonly warmKb: number },
): Promise<MemoryPoint> {
  if (at.count * 2 + OPEN_FILES_SPARE > plan.openFiles) {
    const noData = `open files are limited to ${plan.openFiles}`;
    return { streams: at.count, rssMb: 0, kbPerStream: null, failures: 0, noData };
  }
  await openStreams(to, at.streams, at.count);
  await Bun.sleep(EVENT_EVERY_MS + SETTLE_MS);
  const rss = await steadyRss(to);
  const failed = failuresOf(at.streams, LEAST_DELIVERIES);
  const base = { streams: at.count, rssMb: round(rss / KB_PER_MB, 1), failures: failed.length };
  if (failed.length > 0) return { ...base, kbPerStream: null, noData: failed[0]?.slice(0, 120) };
  return { ...base, kbPerStream: round((rss - at.warmKb) / at.count, 1) };
}

async function memoryOf(plan: MemoryPlan, to: Contestant): Promise<MemoryRow> {
  const idleKb = await steadyRss(to);
  await warm(plan, to);
  const warmKb = await steadyRss(to);
  plan.mock.mode = { kind: 'paced', everyMs: EVENT_EVERY_MS, chunks: Number.POSITIVE_INFINITY };
  const streams: Watched[] = [];
  const points: MemoryPoint[] = [];
  for (const count of plan.counts) points.push(await point(plan, to, { streams, count, warmKb }));
  for (const one of streams) one.conn.reset();
  await Bun.sleep(SETTLE_MS * 2);
  const afterKb = await steadyRss(to);
  return {
    name: to.name,
    level: to.level,
    idleMb: round(idleKb / KB_PER_MB, 1),
    warmMb: round(warmKb / KB_PER_MB, 1),
    points,
    afterMb: round(afterKb / KB_PER_MB, 1),
    leftOpen: plan.mock.open,
  };
}

/** Every contestant has been started for this job alone: its memory is that of a fresh process. */
export async function memoryJob(
  plan: MemoryPlan,
  all: readonly Contestant[],
): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const to of all) if (to.pids.length > 0) rows.push(await memoryOf(plan, to));
  return rows;
}

export interface ColdResult {
  readonly startedBy: string;
  /** From the start of the command to the end of the first answer, on an empty directory. */
  readonly medianMs: number | null;
  readonly runsMs: readonly number[];
  readonly noData?: string;
}

async function firstAnswer(to: Contestant): Promise<void> {
  const conn = await Conn.open(to.port);
  const work = new Promise<void>((resolve, reject) => {
    conn.events = {
      answer: (status) => {
        if (status === 200) resolve();
        else reject(new Error(`answered ${status}: ${conn.evidence}`));
      },
      closed: () => reject(new Error('connection closed')),
    };
    conn.send(requestBytes(to, chatBody(SHAPES[0] as Shape, to.model)));
  });
  await deadline(work, ANSWER_TIMEOUT_MS, 'no first answer');
  conn.end();
}

export async function coldJob(
  mock: Mock,
  options: GangwayOptions,
  runs: number,
): Promise<ColdResult> {
  mock.mode = { kind: 'json' };
  const runsMs: number[] = [];
  let startedBy = '';
  try {
    for (let n = 0; n < runs; n++) {
      const from = nowUs();
      const { contestant, by } = await coldStart(options, n);
      startedBy = by;
      try {
        await firstAnswer(contestant);
        runsMs.push(Math.round((nowUs() - from) / US_PER_MS));
      } finally {
        await stop(contestant.pids);
      }
    }
  } catch (error) {
    const noData = error instanceof Error ? error.message : String(error);
    return { startedBy, medianMs: null, runsMs, noData };
  }
  return { startedBy, medianMs: median(runsMs), runsMs };
}
