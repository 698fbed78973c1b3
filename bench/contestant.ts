/** What takes part in a run, and the processes behind it. */
import { existsSync, readFileSync } from 'node:fs';
import type { Proof } from './credentials.ts';
import { alive, nowUs, tree } from './sys.ts';

export type Level = 'direct' | 'nginx' | 'L0' | 'L1' | 'L2' | 'peer';

export interface Contestant {
  readonly name: string;
  readonly level: Level;
  readonly version: string;
  readonly port: number;
  readonly path: string;
  readonly model: string;
  /** Everything a call needs, the key included. */
  readonly headers: Readonly<Record<string, string>>;
  /** The processes started for it; none for `direct`. */
  readonly pids: readonly number[];
  /** A key whose calls are aborted upstream when the caller leaves, where that is a choice. */
  readonly abortKey?: string;
  /** Requests by callers of every kind, for the price of knowing them. */
  readonly proofs?: () => Promise<readonly Proof[]>;
  /** What the product itself says about its books, after a run. */
  readonly books?: () => Promise<string>;
}

/** A contestant that could not take part; it stays in the table with the reason. */
export interface NotServed {
  readonly name: string;
  readonly served: false;
  readonly evidence: string;
}

export interface StartOptions {
  readonly mockPort: number;
  readonly core: number | null;
  /** A directory of this run alone. */
  readonly dir: string;
  readonly root: string;
}

const POLL_MS = 5;
const STOP_GRACE_MS = 3000;
const US_PER_MS = 1000;
const started = new Set<number>();

interface SpawnRequest {
  readonly command: readonly string[];
  /** Standard output and error go to `<log>.out` and `<log>.err`. */
  readonly log: string;
  readonly core: number | null;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a process pinned to a core, with as many open files as the machine allows. */
export function launch(request: SpawnRequest): number {
  const pin = request.core === null ? [] : ['taskset', '-c', String(request.core)];
  const raise = ['sh', '-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh'];
  const child = Bun.spawn([...pin, ...raise, ...request.command], {
    cwd: request.cwd,
    env: { ...process.env, ...request.env },
    stdin: 'ignore',
    stdout: Bun.file(`${request.log}.out`),
    stderr: Bun.file(`${request.log}.err`),
  });
  started.add(child.pid);
  return child.pid;
}

export const logTail = (log: string, chars = 400): string =>
  ['.err', '.out']
    .map((end) => (existsSync(log + end) ? readFileSync(log + end, 'utf8').trim() : ''))
    .filter(Boolean)
    .join(' | ')
    .slice(-chars)
    .replaceAll(/\s+/g, ' ');

/** Asks `probe` until it answers; throws with the process's own words when it cannot. */
export async function until<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  wait: { readonly pid: number; readonly log: string; readonly ms: number },
): Promise<T> {
  const endUs = nowUs() + wait.ms * US_PER_MS;
  while (nowUs() < endUs) {
    const found = await probe();
    if (found !== undefined) return found;
    if (!alive(wait.pid)) throw new Error(`process ended: ${logTail(wait.log)}`);
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`not ready after ${wait.ms} ms: ${logTail(wait.log)}`);
}

export async function listens(port: number): Promise<true | undefined> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return undefined;
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

/** Ends processes that this bench started, with everything they started. */
export async function stop(pids: readonly number[]): Promise<void> {
  const all = pids.filter((pid) => started.has(pid)).flatMap(tree);
  for (const pid of all) signal(pid, 'SIGTERM');
  for (let waited = 0; waited < STOP_GRACE_MS && all.some(alive); waited += POLL_MS) {
    await Bun.sleep(POLL_MS);
  }
  for (const pid of all) if (alive(pid)) signal(pid, 'SIGKILL');
  for (const pid of pids) started.delete(pid);
}

/** The last resort, for the `exit` handler: no waiting. */
export function killAll(): void {
  for (const pid of [...started].flatMap(tree)) signal(pid, 'SIGKILL');
  started.clear();
}

export function direct(mockPort: number): Contestant {
  return {
    name: 'direct',
    level: 'direct',
    version: '-',
    port: mockPort,
    path: '/v1/chat/completions',
    model: 'bench-model',
    headers: { Authorization: 'Bearer bench-key' },
    pids: [],
  };
}
