/** The headline: method A for every shape and contestant, as a ratio to nginx in the same run. */
import type { Contestant } from './contestant.ts';
import type { Job, Sample } from './lockstep.ts';
import { measureChunks, measureRequests } from './lockstep.ts';
import { REFUSED_PATH } from './nginx.ts';
import type { Shape } from './payloads.ts';
import { SHAPES } from './payloads.ts';
import { round, spread } from './stats.ts';

const PASSES = 2;
const ATTEMPTS_PER_PASS = 3;
const VOID_ABOVE = 0.25;
const WRONG_KEY = 'sk-this-key-was-never-made';

/** One row of the result: a contestant in one job. */
export interface UnitCell {
  readonly name: string;
  readonly level: string;
  /** µs per operation over the direct baseline; absolute for `direct` and for the flood. */
  readonly us: number | null;
  /** Against nginx in the same run. */
  readonly ratio: number | null;
  /** Relative distance of the passes; 0.1 = 10 %. */
  readonly spread: number | null;
  readonly noData?: string;
  readonly samples: readonly Sample[];
}

export interface UnitResult {
  readonly job: string;
  readonly unit: 'µs/request' | 'µs/chunk';
  readonly subtractsDirect: boolean;
  readonly voidedRuns: readonly string[];
  readonly cells: readonly UnitCell[];
}

interface Plan {
  readonly job: string;
  readonly unit: UnitResult['unit'];
  readonly subtractsDirect: boolean;
  measure(to: Contestant): Promise<Sample>;
}

interface Collected {
  readonly good: Map<string, Sample[]>;
  readonly failed: Map<string, string>;
  readonly voided: string[];
}

/** direct, nginx, the others, direct, nginx: both yardsticks enclose what they measure. */
async function onePass(plan: Plan, order: readonly Contestant[], failed: Map<string, string>) {
  const got = new Map<string, Sample[]>();
  for (const to of order) {
    if (failed.has(to.name)) continue;
    try {
      const sample = await plan.measure(to);
      got.set(to.name, [...(got.get(to.name) ?? []), sample]);
    } catch (error) {
      failed.set(to.name, error instanceof Error ? error.message : String(error));
    }
  }
  return got;
}

function whyVoid(got: Map<string, Sample[]>): string | undefined {
  for (const name of ['direct', 'nginx']) {
    const values = (got.get(name) ?? []).map((sample) => sample.p10Us);
    const apart = spread(values);
    if (apart > VOID_ABOVE) {
      const seen = values.map((value) => value.toFixed(1)).join(' and ');
      return `two ${name} runs ${Math.round(apart * 100)} % apart (${seen} µs)`;
    }
  }
  return undefined;
}

async function collect(plan: Plan, all: readonly Contestant[]): Promise<Collected> {
  const isYardstick = (one: Contestant) => one.level === 'direct' || one.level === 'nginx';
  const yardsticks = all.filter(isYardstick);
  const others = all.filter((one) => !isYardstick(one));
  const out: Collected = { good: new Map(), failed: new Map(), voided: [] };
  for (let pass = 0; pass < PASSES; pass++) {
    const middle = pass % 2 === 0 ? others : [...others].reverse();
    for (let attempt = 1; attempt <= ATTEMPTS_PER_PASS; attempt++) {
      const got = await onePass(plan, [...yardsticks, ...middle, ...yardsticks], out.failed);
      const why = whyVoid(got);
      if (why) {
        out.voided.push(`pass ${pass + 1}, attempt ${attempt}: ${why}`);
        continue;
      }
      for (const [name, samples] of got) {
        out.good.set(name, [...(out.good.get(name) ?? []), ...samples]);
      }
      break;
    }
  }
  return out;
}

function lowest(samples: readonly Sample[] | undefined): number | null {
  return samples?.length ? Math.min(...samples.map((sample) => sample.p10Us)) : null;
}

function cellOf(plan: Plan, to: Contestant, from: Collected): UnitCell {
  const samples = from.good.get(to.name) ?? [];
  const base = { name: to.name, level: to.level, samples };
  const gross = lowest(samples);
  const direct = plan.subtractsDirect ? lowest(from.good.get('direct')) : 0;
  if (gross === null || direct === null) {
    const noData = from.failed.get(to.name) ?? 'every pass was void';
    return { ...base, us: null, ratio: null, spread: null, noData };
  }
  const us = to.level === 'direct' ? gross : gross - direct;
  const nginx = lowest(from.good.get('nginx'));
  const yard = nginx === null ? null : nginx - direct;
  const ratio = yard === null || yard <= 0 || to.level === 'direct' ? null : us / yard;
  return {
    ...base,
    us: round(us),
    ratio: ratio === null ? null : round(ratio),
    spread: round(spread(samples.map((sample) => sample.p10Us))),
  };
}

async function runPlan(plan: Plan, all: readonly Contestant[]): Promise<UnitResult> {
  const found = await collect(plan, all);
  return {
    job: plan.job,
    unit: plan.unit,
    subtractsDirect: plan.subtractsDirect,
    voidedRuns: found.voided,
    cells: all.map((to) => cellOf(plan, to, found)),
  };
}

/** Whole calls at every prompt size. */
export async function unitJob(job: Job, all: readonly Contestant[]): Promise<UnitResult[]> {
  const results: UnitResult[] = [];
  for (const shape of SHAPES) {
    results.push(
      await runPlan(
        {
          job: `call, ${shape.name} prompt`,
          unit: 'µs/request',
          subtractsDirect: true,
          measure: (to) => measureRequests(job, to, { shape, accept: [200] }),
        },
        all,
      ),
    );
  }
  return results;
}

/** One SSE chunk of a 100-chunk stream. */
export async function streamJob(job: Job, all: readonly Contestant[]): Promise<UnitResult[]> {
  const plan: Plan = {
    job: 'SSE chunk, 100-chunk stream',
    unit: 'µs/chunk',
    subtractsDirect: true,
    measure: (to) => measureChunks(job, to),
  };
  return [await runPlan(plan, all)];
}

/** Calls with a key that does not exist; nothing to subtract, as they never reach the vendor. */
export async function floodJob(job: Job, all: readonly Contestant[]): Promise<UnitResult[]> {
  const guards = all
    .filter((to) => to.level === 'nginx' || to.level === 'L1' || to.level === 'L2')
    .map((to) => (to.level === 'nginx' ? { ...to, path: REFUSED_PATH } : to));
  const shape = SHAPES[0] as Shape;
  const plan: Plan = {
    job: 'invalid-key flood, 1 KB prompt',
    unit: 'µs/request',
    subtractsDirect: false,
    measure: (to) => measureRequests(job, to, { shape, accept: [401, 429], key: WRONG_KEY }),
  };
  return [await runPlan(plan, guards)];
}
