/** What the kernel says: time, stolen time, CPU and memory of a process, what machine it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

const USER_HZ_TICKS_PER_S = 100;
const NS_PER_US = 1000;
const BYTES_PER_MB = 1024 * 1024;

/** Ticks (1/100 s each) that one core spent, from the kernel's own table. */
export interface CoreTicks {
  readonly busy: number;
  readonly idle: number;
  readonly steal: number;
}

export interface CoreShare {
  readonly busyPct: number;
  readonly idlePct: number;
  readonly stealPct: number;
}

export const nowUs = (): number => Bun.nanoseconds() / NS_PER_US;

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

export function coreTicks(core: number): CoreTicks {
  const line = readText('/proc/stat')
    .split('\n')
    .find((text) => text.startsWith(`cpu${core} `));
  const f = (line ?? '').trim().split(/\s+/).slice(1).map(Number);
  const at = (i: number) => f[i] ?? 0;
  return {
    busy: at(0) + at(1) + at(2) + at(5) + at(6),
    idle: at(3) + at(4),
    steal: at(7),
  };
}

export function coreShare(from: CoreTicks, to: CoreTicks): CoreShare {
  const busy = to.busy - from.busy;
  const idle = to.idle - from.idle;
  const steal = to.steal - from.steal;
  const all = Math.max(1, busy + idle + steal);
  const pct = (n: number) => (100 * n) / all;
  return { busyPct: pct(busy), idlePct: pct(idle), stealPct: pct(steal) };
}

/** The share of each state of a core over a span of work. */
export function watchCore(core: number): () => CoreShare {
  const from = coreTicks(core);
  return () => coreShare(from, coreTicks(core));
}

/** A process and everything it started. */
export function tree(pid: number): number[] {
  const out = [pid];
  for (let i = 0; i < out.length; i++) {
    for (const task of tasks(out[i] as number)) {
      const children = readText(`/proc/${out[i]}/task/${task}/children`);
      out.push(...children.trim().split(/\s+/).filter(Boolean).map(Number));
    }
  }
  return out;
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** CPU time of whole process trees in µs, from the scheduler (ns precision). */
export function cpuUs(pids: readonly number[]): number {
  let ns = 0;
  for (const pid of pids.flatMap(tree)) {
    for (const task of tasks(pid)) {
      ns += Number(readText(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] || 0);
    }
  }
  return ns / NS_PER_US;
}

/** Resident memory of whole process trees in KB. */
export function rssKb(pids: readonly number[]): number {
  let kb = 0;
  for (const pid of pids.flatMap(tree)) {
    kb += Number(/VmRSS:\s+(\d+) kB/.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0);
  }
  return kb;
}

export const alive = (pid: number): boolean => readText(`/proc/${pid}/stat`) !== '';

/** Pins this process, threads included, so that client and mock share one known core. */
export function pinSelf(core: number): boolean {
  const done = Bun.spawnSync(['taskset', '-a', '-c', '-p', String(core), String(process.pid)]);
  return done.exitCode === 0;
}

/** Raises the limit of open files of this process to the most it may have; answers that number. */
export function raiseOpenFiles(): number {
  const limit = /Max open files\s+(\d+)\s+(\d+)/.exec(readText('/proc/self/limits'));
  const soft = Number(limit?.[1] ?? 0);
  const hard = Number(limit?.[2] ?? 0);
  if (soft >= hard) return soft;
  const pid = String(process.pid);
  const done = Bun.spawnSync(['prlimit', '--pid', pid, `--nofile=${hard}:${hard}`]);
  return done.exitCode === 0 ? hard : soft;
}

/** The commit of the tree that is measured, read from the repository's own files. */
export function gitId(root: string): string {
  const head = readText(`${root}/.git/HEAD`).trim();
  if (!head.startsWith('ref: ')) return head || 'unknown';
  const ref = head.slice('ref: '.length);
  const loose = readText(`${root}/.git/${ref}`).trim();
  if (loose) return loose;
  const packed = readText(`${root}/.git/packed-refs`).split('\n');
  return packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0] ?? 'unknown';
}

export function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_mb: Math.round(totalmem() / BYTES_PER_MB),
    kernel: release(),
    ticks_per_s: USER_HZ_TICKS_PER_S,
  };
}
