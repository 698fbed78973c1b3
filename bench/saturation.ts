/** Method B: ceiling and latency in quiet windows. Every figure carries its steal and windows. */
import { Conn, deadline, requestBytes } from './client.ts';
import type { Contestant } from './contestant.ts';
import { closedLoop, openLoop } from './load.ts';
import type { Mock } from './mock.ts';
import { marker, streamBody } from './payloads.ts';
import { LEAST_WINDOWS, waitForQuiet } from './quiet.ts';
import { median, quantile, round } from './stats.ts';
import { coreTicks, cpuUs, nowUs } from './sys.ts';

const WARM_S = 2;
const LOAD_CORE_BUSY_PCT = 85;
const GATEWAY_CORE_FULL_PCT = 90;
const FOREIGN_PCT = 15;
const DIRECT_MARGIN = 5;
const GENERATOR_LATE_MS = 2;
const COMMON_RATE_PER_S = 500;
const PAIR_GAP_MS = 3;
const PAIR_TIMEOUT_MS = 5000;
const WARM_PAIRS = 20;
const US_PER_MS = 1000;
const US_PER_S = 1_000_000;

export interface BPlan {
  readonly mock: Mock;
  readonly loadCore: number;
  readonly gatewayCore: number;
  /** Length of each measured run. */
  readonly seconds: number;
  readonly pairs: number;
  /** How long to wait for a quiet machine before each run. */
  readonly gateSeconds: number;
}

export interface Ceiling {
  readonly perSecond: number | null;
  readonly cpuUsPerRequest: number | null;
  readonly loadCoreBusyPct: number;
  readonly gatewayCoreBusyPct: number;
  readonly foreignPct: number;
  readonly stealPct: number;
  readonly keptWindows: number;
  readonly failures: number;
  readonly noData?: string;
}

export interface Latency {
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly addedP50Ms: number | null;
  readonly addedP99Ms: number | null;
  readonly generatorLateP99Ms: number;
  readonly stealPct: number;
  readonly keptWindows: number;
  readonly failures: number;
  readonly noData?: string;
}

export interface Ttft {
  readonly directP50Ms: number | null;
  readonly addedP50Ms: number | null;
  readonly addedP99Ms: number | null;
  readonly stealPct: number;
  readonly keptPairs: number;
  readonly noData?: string;
}

export interface SaturationRow {
  readonly name: string;
  readonly level: string;
  readonly ceiling: Ceiling;
  readonly latency: readonly Latency[];
  readonly ttft: Ttft | null;
}

const cores = (plan: BPlan): readonly number[] => [plan.loadCore, plan.gatewayCore];

async function measureCeiling(plan: BPlan, to: Contestant, direct: number): Promise<Ceiling> {
  plan.mock.mode = { kind: 'json' };
  await closedLoop(to, cores(plan), WARM_S);
  const gate = await waitForQuiet(cores(plan), plan.gateSeconds);
  const cpu = cpuUs(to.pids);
  const run = await closedLoop(to, cores(plan), plan.seconds);
  const used = cpuUs(to.pids) - cpu;
  const [load, gateway] = run.shares;
  const own = (100 * used) / (run.seconds * US_PER_S);
  const figures = {
    loadCoreBusyPct: round(load?.busyPct ?? 0, 1),
    gatewayCoreBusyPct: round(gateway?.busyPct ?? 0, 1),
    foreignPct: round(Math.max(0, (gateway?.busyPct ?? 0) - own), 1),
    stealPct: round(Math.max(load?.stealPct ?? 0, gateway?.stealPct ?? 0), 1),
    keptWindows: run.windows.kept.length,
    failures: run.failures,
  };
  const rate = median(run.windows.rates());
  const noData = gate.quiet
    ? whyNoCeiling(to, figures, rate / direct)
    : `the machine was not quiet (steal ${round(gate.stealPct, 1)} %)`;
  if (noData) return { ...figures, perSecond: null, cpuUsPerRequest: null, noData };
  return { ...figures, perSecond: Math.round(rate), cpuUsPerRequest: round(used / run.done) };
}

type Figures = Omit<Ceiling, 'perSecond' | 'cpuUsPerRequest' | 'noData'>;

function whyNoCeiling(to: Contestant, at: Figures, ofDirect: number): string | undefined {
  if (at.failures > 0) return `${at.failures} calls failed`;
  if (at.keptWindows < LEAST_WINDOWS) return `only ${at.keptWindows} quiet windows`;
  if (to.level === 'direct') return undefined;
  if (Number.isNaN(ofDirect)) return 'the direct run gave no ceiling to compare with';
  if (at.loadCoreBusyPct > LOAD_CORE_BUSY_PCT) {
    return `rig-bound: load core ${at.loadCoreBusyPct} % busy`;
  }
  if (ofDirect * DIRECT_MARGIN > 1 && at.gatewayCoreBusyPct < GATEWAY_CORE_FULL_PCT) {
    return `rig-bound: gateway core only ${at.gatewayCoreBusyPct} % busy`;
  }
  if (at.foreignPct > FOREIGN_PCT) return `other work took ${at.foreignPct} % of the core`;
  return undefined;
}

interface Pair {
  readonly direct: Contestant;
  readonly to: Contestant;
}

async function measureLatency(plan: BPlan, pair: Pair, perSecond: number): Promise<Latency> {
  plan.mock.mode = { kind: 'json' };
  const gate = await waitForQuiet(cores(plan), plan.gateSeconds);
  const loop = { perSecond, seconds: plan.seconds, cores: cores(plan) };
  const run = await openLoop(pair.direct, pair.to, loop);
  const figures = {
    perSecond: Math.round(perSecond),
    generatorLateP99Ms: round(quantile(run.lateMs, 0.99), 3),
    stealPct: round(Math.max(...run.shares.map((share) => share.stealPct)), 1),
    keptWindows: run.windows.kept.length,
    failures: run.failures,
  };
  const none = { p50Ms: null, p99Ms: null, addedP50Ms: null, addedP99Ms: null };
  if (!gate.quiet) return { ...figures, ...none, noData: 'the machine was not quiet' };
  if (run.failures > 0) return { ...figures, ...none, noData: `${run.failures} calls failed` };
  if (figures.generatorLateP99Ms > GENERATOR_LATE_MS) {
    return { ...figures, ...none, noData: 'the load generator itself was late' };
  }
  if (figures.keptWindows < LEAST_WINDOWS) {
    return { ...figures, ...none, noData: `only ${figures.keptWindows} quiet windows` };
  }
  const at = (samples: readonly number[], q: number) => quantile(samples, q);
  const added = (q: number) => round(at(run.gatewayMs, q) - at(run.directMs, q), 3);
  return {
    ...figures,
    p50Ms: round(at(run.gatewayMs, 0.5), 3),
    p99Ms: round(at(run.gatewayMs, 0.99), 3),
    addedP50Ms: added(0.5),
    addedP99Ms: added(0.99),
  };
}

/** Opens a stream and answers the ms to its first content chunk that is not empty. */
async function firstContent(conn: Conn, request: Buffer): Promise<number> {
  let first = 0;
  const from = nowUs();
  const work = new Promise<void>((resolve, reject) => {
    conn.events = {
      body: (data) => {
        if (!first && data.includes(marker(0))) first = nowUs() - from;
      },
      answer: (status) => (status === 200 ? resolve() : reject(new Error(`answered ${status}`))),
      closed: () => reject(new Error('connection closed')),
    };
    conn.send(request);
  });
  await deadline(work, PAIR_TIMEOUT_MS, 'stream did not end');
  return first / US_PER_MS;
}

/** Direct and through the gateway in turns, one stream at a time; differences of pairs. */
async function measureTtft(plan: BPlan, pair: Pair): Promise<Ttft> {
  plan.mock.mode = { kind: 'paced', everyMs: 0, chunks: 5 };
  const gate = await waitForQuiet(cores(plan), plan.gateSeconds);
  const ends = [pair.direct, pair.to];
  const conns = await Promise.all(ends.map((one) => Conn.open(one.port)));
  const requests = ends.map((one) => requestBytes(one, streamBody(one.model)));
  const directMs: number[] = [];
  const addedMs: number[] = [];
  const stolen = () => cores(plan).reduce((sum, core) => sum + coreTicks(core).steal, 0);
  const stolenAtStart = stolen();
  const startUs = nowUs();
  for (let i = -WARM_PAIRS; i < plan.pairs; i++) {
    const before = stolen();
    const ms = [0, 0];
    for (const side of i % 2 ? [0, 1] : [1, 0]) {
      await Bun.sleep(PAIR_GAP_MS);
      ms[side] = await firstContent(conns[side] as Conn, requests[side] as Buffer);
    }
    if (i < 0 || stolen() !== before) continue;
    directMs.push(ms[0] as number);
    addedMs.push((ms[1] as number) - (ms[0] as number));
  }
  for (const conn of conns) conn.end();
  const ticks = (cores(plan).length * (nowUs() - startUs)) / (10 * US_PER_MS);
  const figures = {
    stealPct: round((100 * (stolen() - stolenAtStart)) / ticks, 1),
    keptPairs: addedMs.length,
  };
  const none = { directP50Ms: null, addedP50Ms: null, addedP99Ms: null };
  if (!gate.quiet) return { ...figures, ...none, noData: 'the machine was not quiet' };
  if (addedMs.length < LEAST_WINDOWS) return { ...figures, ...none, noData: 'too few quiet pairs' };
  return {
    ...figures,
    directP50Ms: round(median(directMs), 3),
    addedP50Ms: round(median(addedMs), 3),
    addedP99Ms: round(quantile(addedMs, 0.99), 3),
  };
}

function noTtft(error: Error): Ttft {
  const none = { directP50Ms: null, addedP50Ms: null, addedP99Ms: null };
  return { ...none, stealPct: 0, keptPairs: 0, noData: error.message };
}

function noCeiling(error: Error): Ceiling {
  return {
    perSecond: null,
    cpuUsPerRequest: null,
    loadCoreBusyPct: 0,
    gatewayCoreBusyPct: 0,
    foreignPct: 0,
    stealPct: 0,
    keptWindows: 0,
    failures: 0,
    noData: error.message,
  };
}

async function measureAll(plan: BPlan, pair: Pair, direct: number): Promise<SaturationRow> {
  const { to } = pair;
  const ceiling = await measureCeiling(plan, to, direct).catch(noCeiling);
  const rates = ceiling.perSecond === null ? [] : [ceiling.perSecond / 2];
  const latency: Latency[] = [];
  for (const rate of [...rates, COMMON_RATE_PER_S]) {
    latency.push(await measureLatency(plan, pair, rate));
  }
  const ttft = await measureTtft(plan, pair).catch(noTtft);
  return { name: to.name, level: to.level, ceiling, latency, ttft };
}

export async function saturationJob(
  plan: BPlan,
  all: readonly Contestant[],
): Promise<SaturationRow[]> {
  const [direct, ...others] = all;
  if (!direct) return [];
  const base = await measureCeiling(plan, direct, Number.POSITIVE_INFINITY);
  const rows: SaturationRow[] = [];
  rows.push({ name: direct.name, level: direct.level, ceiling: base, latency: [], ttft: null });
  for (const to of others) {
    rows.push(await measureAll(plan, { direct, to }, base.perSecond ?? Number.NaN));
  }
  return rows;
}
