/** Who takes part in one group of jobs: started together on one core, stopped together. */
import { mkdirSync } from 'node:fs';

import { startBare } from './bare.ts';
import type { Contestant, NotServed } from './contestant.ts';
import { direct, stop } from './contestant.ts';
import { proveServed, QUICK } from './lockstep.ts';
import type { Mock } from './mock.ts';
import { startNginx } from './nginx.ts';
import type { Options } from './options.ts';
import type { Shape } from './payloads.ts';
import { SHAPES } from './payloads.ts';
import { startPeer } from './peers.ts';
import type { GangwayOptions } from './start-gangway.ts';
import { startGangway } from './start-gangway.ts';

export interface Field {
  readonly all: readonly Contestant[];
  readonly notServed: readonly NotServed[];
  stop(): Promise<void>;
}

interface Entry {
  readonly name: string;
  start(): Promise<Contestant>;
}

export interface FieldPlan {
  readonly options: Options;
  readonly mock: Mock;
  readonly core: number;
  readonly dir: string;
  readonly root: string;
  /** Prove that calls and streams work before anything is timed; off where freshness matters. */
  readonly prove: boolean;
}

export function startOptions(plan: FieldPlan): GangwayOptions {
  mkdirSync(plan.dir, { recursive: true });
  return {
    mockPort: plan.mock.port,
    core: plan.core,
    dir: plan.dir,
    root: plan.root,
    standIn: plan.options.standIn,
  };
}

function entries(plan: FieldPlan): Entry[] {
  const at = startOptions(plan);
  const { levels, peers } = plan.options;
  const list: Entry[] = [{ name: 'nginx', start: () => startNginx(at) }];
  for (const level of ['L0', 'L1'] as const) {
    if (levels.has(level)) {
      list.push({ name: `bare Bun ${level}`, start: () => startBare(level, at) });
    }
  }
  if (levels.has('L2')) list.push({ name: 'gangway', start: () => startGangway(at) });
  for (const name of peers) list.push({ name, start: () => startPeer(name, at) });
  return list;
}

export async function startField(plan: FieldPlan): Promise<Field> {
  const all: Contestant[] = [direct(plan.mock.port)];
  const notServed: NotServed[] = [];
  const job = { core: plan.core, effort: QUICK, mock: plan.mock };
  for (const entry of entries(plan)) {
    let one: Contestant | undefined;
    try {
      one = await entry.start();
      if (plan.prove) await proveServed(job, one, SHAPES[0] as Shape);
      all.push(one);
    } catch (error) {
      await stop(one?.pids ?? []);
      const evidence = error instanceof Error ? error.message : String(error);
      notServed.push({ name: entry.name, served: false, evidence });
    }
  }
  return { all, notServed, stop: () => stop(all.flatMap((one) => [...one.pids])) };
}
