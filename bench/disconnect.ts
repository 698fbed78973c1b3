/** What the vendor still sends after the caller has gone, and what thousands of those leave. */
import { Conn, requestBytes } from './client.ts';
import type { Contestant } from './contestant.ts';
import type { Mock, MockStream } from './mock.ts';
import { marker, streamBody } from './payloads.ts';
import { median, quantile, round } from './stats.ts';
import type { Watched } from './streams.ts';
import { openStream } from './streams.ts';
import { nowUs, rssKb } from './sys.ts';

const EVERY_MS = 50;
const CHUNKS = 60;
const READ_CHUNKS = 3;
const OPEN_TIMEOUT_MS = 5000;
const POLL_MS = 5;
const US_PER_MS = 1000;
const KB_PER_MB = 1024;

export interface DisconnectRow {
  readonly name: string;
  readonly level: string;
  /** Content chunks that the vendor wrote after the caller's reset. */
  readonly chunksAfterMedian: number | null;
  readonly chunksAfterMost: number | null;
  /** All content chunks that the vendor wrote, the three that were read included. */
  readonly chunksInAllMedian: number | null;
  /** From the reset to the moment the vendor saw its connection close. */
  readonly noticedMsMedian: number | null;
  /** Runs in which the vendor sent the whole stream. */
  readonly neverNoticed: number;
  readonly runs: number;
  readonly noData?: string;
}

interface Left {
  readonly stream: MockStream;
  readonly leftAtUs: number;
}

/** Reads three chunks, resets the connection and waits until the vendor knows or has finished. */
async function leaveOnce(mock: Mock, to: Contestant): Promise<Left> {
  mock.forget();
  const conn = await Conn.open(to.port);
  let read = 0;
  let failure = '';
  conn.events = {
    body: (data) => {
      while (data.includes(marker(read))) read++;
    },
    answer: (status) => {
      failure = `answered ${status}: ${conn.evidence.slice(0, 120)}`;
    },
    closed: () => {
      failure = 'connection closed';
    },
  };
  conn.send(requestBytes(to, streamBody(to.model), to.abortKey));
  const giveUpUs = nowUs() + OPEN_TIMEOUT_MS * US_PER_MS;
  while (read < READ_CHUNKS && !failure && nowUs() < giveUpUs) await Bun.sleep(1);
  const stream = mock.last;
  if (read < READ_CHUNKS || !stream) throw new Error(failure || `only ${read} chunks arrived`);
  const leftAtUs = nowUs();
  stream.clientLeft = true;
  conn.reset();
  while (!stream.cut && !stream.finished) await Bun.sleep(POLL_MS);
  return { stream, leftAtUs };
}

async function disconnectOf(mock: Mock, to: Contestant, runs: number): Promise<DisconnectRow> {
  mock.mode = { kind: 'paced', everyMs: EVERY_MS, chunks: CHUNKS };
  const base = { name: to.name, level: to.level, runs };
  const left: Left[] = [];
  try {
    for (let i = 0; i < runs; i++) left.push(await leaveOnce(mock, to));
  } catch (error) {
    const noData = error instanceof Error ? error.message : String(error);
    const none = { chunksAfterMedian: null, chunksAfterMost: null, chunksInAllMedian: null };
    return { ...base, ...none, noticedMsMedian: null, neverNoticed: 0, noData };
  }
  const after = left.map((one) => one.stream.sentAfterLeft);
  const noticed = left.filter((one) => one.stream.cut);
  const ms = noticed.map((one) => (one.stream.cutAtUs - one.leftAtUs) / US_PER_MS);
  return {
    ...base,
    chunksAfterMedian: median(after),
    chunksAfterMost: Math.max(...after),
    chunksInAllMedian: median(left.map((one) => one.stream.sent)),
    noticedMsMedian: ms.length > 0 ? round(median(ms), 1) : null,
    neverNoticed: left.length - noticed.length,
  };
}

export async function disconnectJob(
  mock: Mock,
  all: readonly Contestant[],
  runs: number,
): Promise<DisconnectRow[]> {
  const rows: DisconnectRow[] = [];
  for (const to of all) rows.push(await disconnectOf(mock, to, runs));
  return rows;
}

const SOAK_AT_ONCE = 64;
const SOAK_CHUNKS = 10;
const SOAK_EVERY_MS = 5;
const SOAK_SAMPLE_MS = 250;
const SOAK_WARM = 300;
const SOAK_STREAM_MS = 20_000;
const GOLDEN = 0.618_033_988_75;

export interface SoakPlan {
  readonly mock: Mock;
  readonly streams: number;
  readonly abortShare: number;
  readonly idleSeconds: number;
}

export interface SoakRow {
  readonly name: string;
  readonly level: string;
  readonly streams: number;
  readonly aborted: number;
  /** Streams that were not aborted by the caller and still did not end well. */
  readonly failures: number;
  readonly firstFailure: string;
  readonly seconds: number;
  readonly startMb: number;
  /** Median of the middle third of the run. */
  readonly plateauMb: number;
  /** Median of the last third of the run. */
  readonly lastThirdMb: number;
  readonly endMb: number;
  readonly endMinusPlateauMb: number;
  readonly leftOpen: number;
  readonly books: string;
  readonly samplesMb: readonly number[];
}

/** Waits until a stream has ended, or leaves it after `leaveAfter` deliveries. */
async function liveThrough(one: Watched, leaveAfter: number): Promise<void> {
  const giveUpUs = nowUs() + SOAK_STREAM_MS * US_PER_MS;
  while (!one.ended) {
    if (one.deliveries >= leaveAfter) return one.conn.reset();
    if (nowUs() > giveUpUs) {
      one.failure = `did not end within ${SOAK_STREAM_MS} ms`;
      return one.conn.reset();
    }
    await Bun.sleep(SOAK_EVERY_MS);
  }
  one.conn.end();
}

async function pour(plan: SoakPlan, to: Contestant, streams: number) {
  const request = requestBytes(to, streamBody(to.model));
  const out = { aborted: 0, failures: 0, firstFailure: '' };
  let next = 0;
  const worker = async () => {
    while (next < streams) {
      const i = next++;
      const dice = (i * GOLDEN) % 1;
      const leaves = dice < plan.abortShare;
      const leaveAfter = leaves ? 1 + (i % (SOAK_CHUNKS - 2)) : Number.POSITIVE_INFINITY;
      const one = await openStream(to, request);
      await liveThrough(one, leaveAfter);
      if (one.failure) {
        out.failures++;
        out.firstFailure ||= one.failure.slice(0, 200);
      } else if (!one.ended) out.aborted++;
    }
  };
  await Promise.all(Array.from({ length: SOAK_AT_ONCE }, worker));
  return out;
}

async function soakOf(plan: SoakPlan, to: Contestant): Promise<SoakRow> {
  plan.mock.mode = { kind: 'paced', everyMs: SOAK_EVERY_MS, chunks: SOAK_CHUNKS };
  await pour(plan, to, Math.min(SOAK_WARM, plan.streams));
  const startMb = rssKb(to.pids) / KB_PER_MB;
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(rssKb(to.pids) / KB_PER_MB), SOAK_SAMPLE_MS);
  const from = nowUs();
  const poured = await pour(plan, to, plan.streams);
  clearInterval(timer);
  const seconds = (nowUs() - from) / US_PER_MS / 1000;
  await Bun.sleep(plan.idleSeconds * 1000);
  const endMb = rssKb(to.pids) / KB_PER_MB;
  const third = Math.floor(samples.length / 3);
  const plateauMb = quantile(samples.slice(third, samples.length - third), 0.5);
  return {
    name: to.name,
    level: to.level,
    streams: plan.streams,
    ...poured,
    seconds: round(seconds, 1),
    startMb: round(startMb, 1),
    plateauMb: round(plateauMb, 1),
    lastThirdMb: round(quantile(samples.slice(-third || -1), 0.5), 1),
    endMb: round(endMb, 1),
    endMinusPlateauMb: round(endMb - plateauMb, 1),
    leftOpen: plan.mock.open,
    books: to.books ? await to.books().catch((error: Error) => error.message) : '-',
    samplesMb: samples.map((mb) => round(mb, 1)),
  };
}

export async function soakJob(plan: SoakPlan, all: readonly Contestant[]): Promise<SoakRow[]> {
  const rows: SoakRow[] = [];
  for (const to of all) if (to.pids.length > 0) rows.push(await soakOf(plan, to));
  return rows;
}
