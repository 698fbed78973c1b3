/** Quiet windows: spans in which the host stole nothing from the cores that matter. */
import type { CoreTicks } from './sys.ts';
import { coreShare, coreTicks, nowUs } from './sys.ts';

const WINDOW_MS = 100;
const GATE_SAMPLE_MS = 1000;
const GATE_STEAL_PCT = 8;
const GATE_IN_A_ROW = 2;

/** Fewer kept windows than this is 'no data'. */
export const LEAST_WINDOWS = 30;

export interface Gate {
  readonly quiet: boolean;
  readonly stealPct: number;
}

/** Waits, within bounds, for two 1-s samples in a row with less than 8 % stolen on every core. */
export async function waitForQuiet(cores: readonly number[], seconds: number): Promise<Gate> {
  let inRow = 0;
  let worst = 0;
  for (let s = 0; s < seconds; s++) {
    const from = cores.map(coreTicks);
    await Bun.sleep(GATE_SAMPLE_MS);
    const stolen = cores.map((core, i) => stealBetween(from[i] as CoreTicks, coreTicks(core)));
    worst = Math.max(...stolen);
    inRow = worst < GATE_STEAL_PCT ? inRow + 1 : 0;
    if (inRow === GATE_IN_A_ROW) return { quiet: true, stealPct: worst };
  }
  return { quiet: false, stealPct: worst };
}

const stealBetween = (from: CoreTicks, to: CoreTicks): number => coreShare(from, to).stealPct;

export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
  /** What the job counted up to its start and end. */
  readonly fromCount: number;
  readonly toCount: number;
  readonly kept: boolean;
}

/** Cuts a run into 100-ms windows and keeps those without a stolen tick. */
export class Windows {
  readonly all: Window[] = [];
  private readonly cores: readonly number[];
  private readonly count: () => number;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly first: readonly CoreTicks[];
  private last: { us: number; count: number; steal: number };

  constructor(cores: readonly number[], count: () => number) {
    this.cores = cores;
    this.count = count;
    this.first = cores.map(coreTicks);
    this.last = this.read();
    this.timer = setInterval(() => this.cut(), WINDOW_MS);
  }

  get kept(): Window[] {
    return this.all.filter((window) => window.kept);
  }

  /** Completions per second of each kept window. */
  rates(): number[] {
    return this.kept.map((w) => ((w.toCount - w.fromCount) * 1e6) / (w.toUs - w.fromUs));
  }

  /** Whether a moment lies in a kept window. */
  holds(us: number): boolean {
    return this.kept.some((window) => us >= window.fromUs && us < window.toUs);
  }

  /** Busy, idle and stolen share of each core over the whole run. */
  stop() {
    clearInterval(this.timer);
    return this.cores.map((core, i) => coreShare(this.first[i] as CoreTicks, coreTicks(core)));
  }

  private read() {
    const steal = this.cores.reduce((sum, core) => sum + coreTicks(core).steal, 0);
    return { us: nowUs(), count: this.count(), steal };
  }

  private cut(): void {
    const now = this.read();
    this.all.push({
      fromUs: this.last.us,
      toUs: now.us,
      fromCount: this.last.count,
      toCount: now.count,
      kept: now.steal === this.last.steal,
    });
    this.last = now;
  }
}
