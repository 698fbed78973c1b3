/**
 * Method A: small fixed batches in lock-step on one core. Wall time per operation is CPU time when
 * nothing is stolen, and the 10th percentile of many short batches finds the unstolen ones.
 */
import type { Conn } from './client.ts';
import { deadline, openMany, requestBytes } from './client.ts';
import type { Contestant } from './contestant.ts';
import type { Mock } from './mock.ts';
import type { Shape } from './payloads.ts';
import { CONTENT_CHUNKS, chatBody, marker, streamBody } from './payloads.ts';
import { quantile } from './stats.ts';
import { cpuUs, nowUs, watchCore } from './sys.ts';

const P10 = 0.1;
const REQUESTS_PER_CONNECTION = 4;
const CHUNKS_PER_BATCH = 20;
const BATCH_TIMEOUT_MS = 10_000;
const EVIDENCE_CHARS = 200;
const LEAST_BATCHES = 60;
const US_PER_S = 1_000_000;

/** How much is measured. `quick` is for trying the bench out, not for numbers. */
export interface Effort {
  readonly batches: number;
  readonly warmRequests: number;
  readonly warmChunks: number;
  /** A slow contestant may stop here, once it has the least number of batches. */
  readonly capSeconds: number;
}

export const FULL: Effort = { batches: 400, warmRequests: 4000, warmChunks: 3000, capSeconds: 30 };
export const QUICK: Effort = { batches: 60, warmRequests: 600, warmChunks: 400, capSeconds: 10 };

export interface Sample {
  /** 10th percentile over the batches of µs per operation, client and mock included. */
  readonly p10Us: number;
  readonly p50Us: number;
  /** Mean CPU of the contestant's processes per operation, from the scheduler; a cross-check. */
  readonly cpuUs: number;
  readonly operations: number;
  readonly stealPct: number;
  /** Waiting (for a disk, say) shows here: wall time is then more than CPU time. */
  readonly idlePct: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface Job {
  readonly core: number;
  readonly effort: Effort;
  readonly mock: Mock;
}

interface Meter {
  readonly samples: number[];
  finish(operations: number, statuses: Record<string, number>): Sample;
}

function startMeter(job: Job, to: Contestant): Meter {
  const share = watchCore(job.core);
  const cpu = cpuUs(to.pids);
  const samples: number[] = [];
  return {
    samples,
    finish(operations, statuses) {
      const { stealPct, idlePct } = share();
      const used = cpuUs(to.pids) - cpu;
      return {
        p10Us: quantile(samples, P10),
        p50Us: quantile(samples, 0.5),
        cpuUs: used / operations,
        operations,
        stealPct,
        idlePct,
        statuses,
      };
    },
  };
}

export interface RequestPlan {
  readonly shape: Shape;
  /** Statuses that count as the right answer. */
  readonly accept: readonly number[];
  /** Another key than the contestant's own. */
  readonly key?: string;
  /** Another request than a chat of this shape. */
  readonly request?: Buffer;
}

/** Whether the time for one measurement is used up and enough batches are there. */
function timeLimit(effort: Effort): (batches: number) => boolean {
  const endUs = nowUs() + effort.capSeconds * US_PER_S;
  return (batches) => batches >= LEAST_BATCHES && nowUs() > endUs;
}

type Statuses = Record<string, number>;

interface Run {
  readonly plan: RequestPlan;
  readonly statuses: Statuses;
}

/** Sends four requests over each connection, the next one when the last answer is complete. */
function batch(conns: readonly Conn[], request: Buffer, run: Run) {
  const { plan, statuses } = run;
  const work = new Promise<void>((resolve, reject) => {
    let left = conns.length * REQUESTS_PER_CONNECTION;
    for (const conn of conns) {
      let own = REQUESTS_PER_CONNECTION;
      const answer = (status: number) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (!plan.accept.includes(status)) {
          reject(new Error(`answered ${status}: ${conn.evidence.slice(0, EVIDENCE_CHARS)}`));
        }
        left--;
        if (--own > 0) conn.send(request);
        else if (left === 0) resolve();
      };
      const closed = () => reject(new Error('connection closed by the gateway'));
      conn.events = { answer, closed };
      conn.send(request);
    }
  });
  return deadline(work, BATCH_TIMEOUT_MS, 'a batch did not finish');
}

/** Warm-up, then measured batches of whole calls. */
export async function measureRequests(
  job: Job,
  to: Contestant,
  plan: RequestPlan,
): Promise<Sample> {
  job.mock.mode = { kind: 'json' };
  const request = plan.request ?? requestBytes(to, chatBody(plan.shape, to.model), plan.key);
  const conns = await openMany(to.port, plan.shape.connections);
  const perBatch = conns.length * REQUESTS_PER_CONNECTION;
  const statuses: Statuses = {};
  try {
    const late = timeLimit(job.effort);
    for (let n = 0; n < job.effort.warmRequests && !late(n / perBatch); n += perBatch) {
      await batch(conns, request, { plan, statuses: {} });
    }
    const meter = startMeter(job, to);
    const capped = timeLimit(job.effort);
    while (meter.samples.length < job.effort.batches && !capped(meter.samples.length)) {
      const from = nowUs();
      await batch(conns, request, { plan, statuses });
      meter.samples.push((nowUs() - from) / perBatch);
    }
    return meter.finish(perBatch * meter.samples.length, statuses);
  } finally {
    for (const conn of conns) conn.end();
  }
}

/** One stream of 100 chunks, each released when the last one arrived; a time per 20 of them. */
function oneStream(job: Job, conn: Conn, request: Buffer): Promise<number[]> {
  const times: number[] = [];
  const { mock } = job;
  let wanted = 0;
  let seen = '';
  let from = 0;
  const arrived = () => {
    seen = '';
    if (wanted % CHUNKS_PER_BATCH === 0) {
      const now = nowUs();
      if (wanted > 0) times.push((now - from) / CHUNKS_PER_BATCH);
      from = now;
    }
    wanted++;
    if (wanted <= CONTENT_CHUNKS) mock.release(wanted);
    else mock.releaseTail();
  };
  const work = new Promise<number[]>((resolve, reject) => {
    conn.events = {
      body: (data) => {
        if (wanted > CONTENT_CHUNKS) return;
        seen = seen ? seen + data.toString('latin1') : data.toString('latin1');
        if (seen.includes(marker(wanted % CONTENT_CHUNKS))) arrived();
      },
      answer: (status) => {
        if (status === 200 && wanted > CONTENT_CHUNKS) resolve(times);
        else
          reject(
            new Error(`stream ended early (${status}): ${conn.evidence.slice(0, EVIDENCE_CHARS)}`),
          );
      },
      closed: () => reject(new Error(`stream cut at chunk ${wanted}`)),
    };
    conn.send(request);
  });
  const late = () => `chunk ${wanted} did not arrive`;
  return deadline(work, BATCH_TIMEOUT_MS, 'lock-step stream stalled').catch((error: Error) => {
    throw new Error(`${error.message} (${late()})`);
  });
}

export async function measureChunks(job: Job, to: Contestant): Promise<Sample> {
  job.mock.mode = { kind: 'released' };
  const request = requestBytes(to, streamBody(to.model));
  const [conn] = await openMany(to.port, 1);
  if (!conn) throw new Error('no connection');
  const statuses: Record<string, number> = {};
  try {
    const late = timeLimit(job.effort);
    for (let n = 0; n < job.effort.warmChunks && !late(n); n += CONTENT_CHUNKS) {
      await oneStream(job, conn, request);
    }
    const meter = startMeter(job, to);
    let streams = 0;
    const capped = timeLimit(job.effort);
    while (meter.samples.length < job.effort.batches && !capped(meter.samples.length)) {
      meter.samples.push(...(await oneStream(job, conn, request)));
      streams++;
    }
    statuses['200'] = streams;
    return meter.finish(streams * CONTENT_CHUNKS, statuses);
  } finally {
    conn.end();
  }
}

/** A few calls before anything is timed; streams that do not work show in the stream jobs. */
export async function proveServed(job: Job, to: Contestant, shape: Shape): Promise<void> {
  const before = job.mock.requests;
  const tiny: Effort = { batches: 1, warmRequests: 1, warmChunks: 1, capSeconds: 1 };
  const proof = { ...job, effort: tiny };
  await measureRequests(proof, to, { shape, accept: [200] });
  if (job.mock.requests === before) throw new Error('answers did not come from the mock vendor');
}
