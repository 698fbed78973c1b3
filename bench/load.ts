/** Load for method B: closed loop for the ceiling, open loop with intended times for latency. */
import type { Conn } from './client.ts';
import { openMany, requestBytes } from './client.ts';
import type { Contestant } from './contestant.ts';
import type { Shape } from './payloads.ts';
import { chatBody, SHAPES } from './payloads.ts';
import { Windows } from './quiet.ts';
import { nowUs } from './sys.ts';

const CLOSED_CONNECTIONS = 32;
const OPEN_CONNECTIONS = 64;
const DRAIN_S = 2;
const US_PER_S = 1_000_000;
const US_PER_MS = 1000;

const SHAPE = SHAPES[0] as Shape;

export interface ClosedRun {
  readonly windows: Windows;
  readonly shares: ReturnType<Windows['stop']>;
  readonly done: number;
  readonly failures: number;
  readonly seconds: number;
}

/** 32 connections, each sending its next call when the last was answered. */
export async function closedLoop(
  to: Contestant,
  cores: readonly number[],
  seconds: number,
): Promise<ClosedRun> {
  const request = requestBytes(to, chatBody(SHAPE, to.model));
  const conns = await openMany(to.port, CLOSED_CONNECTIONS);
  let done = 0;
  let failures = 0;
  let running = true;
  for (const conn of conns) {
    conn.events = {
      answer: (status) => {
        if (status === 200) done++;
        else failures++;
        if (running) conn.send(request);
      },
      closed: () => {
        if (running) failures++;
      },
    };
    conn.send(request);
  }
  const from = nowUs();
  const windows = new Windows(cores, () => done);
  await Bun.sleep(seconds * 1000);
  const shares = windows.stop();
  running = false;
  const took = (nowUs() - from) / US_PER_S;
  await Bun.sleep(50);
  for (const conn of conns) conn.end();
  return { windows, shares, done, failures, seconds: took };
}

interface Answered {
  readonly dueUs: number;
  readonly ms: number;
}

/** One target of the open loop: a pool of connections and the calls that are waiting for one. */
class Target {
  readonly answered: Answered[] = [];
  failures = 0;
  /** How late the generator itself was, ms. */
  readonly lateMs: number[] = [];
  nextUs: number;
  private readonly free: Conn[];
  private readonly waiting: number[] = [];
  private readonly conns: readonly Conn[];
  private readonly request: Buffer;
  private readonly everyUs: number;
  private inFlight = 0;

  constructor(conns: readonly Conn[], request: Buffer, plan: { firstUs: number; everyUs: number }) {
    this.conns = conns;
    this.free = [...conns];
    this.request = request;
    this.everyUs = plan.everyUs;
    this.nextUs = plan.firstUs;
  }

  get unfinished(): number {
    return this.inFlight + this.waiting.length;
  }

  /** Sends what is due; a call without a free connection waits, and its wait counts. */
  pump(now: number, endUs: number): void {
    while (this.nextUs <= now && this.nextUs < endUs) {
      this.waiting.push(this.nextUs);
      this.lateMs.push((now - this.nextUs) / US_PER_MS);
      this.nextUs += this.everyUs;
    }
    while (this.waiting.length > 0 && this.free.length > 0) this.start();
  }

  end(): void {
    for (const conn of this.conns) conn.end();
  }

  private start(): void {
    const conn = this.free.pop() as Conn;
    const dueUs = this.waiting.shift() as number;
    this.inFlight++;
    conn.events = {
      answer: (status) => {
        this.inFlight--;
        if (status === 200) this.answered.push({ dueUs, ms: (nowUs() - dueUs) / US_PER_MS });
        else this.failures++;
        this.free.push(conn);
      },
      closed: () => {
        this.inFlight--;
        this.failures++;
      },
    };
    conn.send(this.request);
  }
}

export interface OpenRun {
  readonly windows: Windows;
  readonly shares: ReturnType<Windows['stop']>;
  /** Latencies in ms of calls that were due in a kept window. */
  readonly directMs: readonly number[];
  readonly gatewayMs: readonly number[];
  readonly lateMs: readonly number[];
  readonly failures: number;
}

export interface OpenPlan {
  readonly perSecond: number;
  readonly seconds: number;
  readonly cores: readonly number[];
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The same rate to the mock directly and through the gateway, interleaved in one run. */
export async function openLoop(
  direct: Contestant,
  to: Contestant,
  plan: OpenPlan,
): Promise<OpenRun> {
  const everyUs = US_PER_S / plan.perSecond;
  const make = async (one: Contestant, firstUs: number) => {
    const conns = await openMany(one.port, OPEN_CONNECTIONS);
    return new Target(conns, requestBytes(one, chatBody(SHAPE, one.model)), { firstUs, everyUs });
  };
  const straight = await make(direct, 0);
  const through = await make(to, 0);
  const start = nowUs() + US_PER_MS;
  straight.nextUs = start;
  through.nextUs = start + everyUs / 2;
  const endUs = start + plan.seconds * US_PER_S;
  const windows = new Windows(plan.cores, () => through.answered.length);
  const both = [straight, through];
  for (let now = nowUs(); now < endUs; now = nowUs()) {
    for (const target of both) target.pump(now, endUs);
    await nextTurn();
  }
  const shares = windows.stop();
  const drainUs = endUs + DRAIN_S * US_PER_S;
  while (nowUs() < drainUs && both.some((target) => target.unfinished > 0)) {
    for (const target of both) target.pump(nowUs(), endUs);
    await nextTurn();
  }
  const kept = (target: Target) =>
    target.answered.filter((one) => windows.holds(one.dueUs)).map((one) => one.ms);
  const failures = both.reduce((sum, one) => sum + one.failures + one.unfinished, 0);
  for (const target of both) target.end();
  return {
    windows,
    shares,
    directMs: kept(straight),
    gatewayMs: kept(through),
    lateMs: both.flatMap((target) => target.lateMs),
    failures,
  };
}
