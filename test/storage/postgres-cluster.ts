/** A PostgreSQL of this test file's own: in a temporary folder, on a free port, as no root user. */
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAMS = '/usr/lib/postgresql';
const VERSION_MIN = 15;
/** Who runs it where the tests run as root, which it refuses to be run by. */
const USER = 'postgres';
const START_S = 20;

/** The folder of initdb and pg_ctl: of the newest version that is recent enough. */
export function findPostgres(): string | null {
  const onPath = Bun.which('initdb');
  if (!existsSync(PROGRAMS)) return onPath === null ? null : join(onPath, '..');
  const versions = readdirSync(PROGRAMS)
    .map(Number)
    .filter((version) => version >= VERSION_MIN)
    .sort((a, b) => b - a);
  return versions[0] === undefined ? null : join(PROGRAMS, String(versions[0]), 'bin');
}

export interface Cluster {
  readonly port: number;
  /** A new, empty database; its URL. */
  createDatabase(): Promise<string>;
  /** Kills every connection and refuses new ones, as a crash would; `start` mends it. */
  stop(): void;
  start(): void;
  dispose(): void;
}

function run(command: readonly string[]): string {
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid', USER, '--regid', USER] : [];
  const clear = asUser.length > 0 ? ['--clear-groups'] : [];
  const child = Bun.spawnSync([...asUser, ...clear, ...command], { cwd: tmpdir() });
  if (child.exitCode === 0) return child.stdout.toString();
  throw new Error(`${command[0]} failed: ${child.stdout}${child.stderr}`);
}

/** Asks the system; another program could take it before it is used, which then fails loudly. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

export async function startCluster(): Promise<Cluster> {
  const bin = findPostgres();
  if (bin === null) throw new Error('there is no PostgreSQL');
  const folder = mkdtempSync(join(tmpdir(), 'gangway-pg-'));
  if (process.getuid?.() === 0) {
    const id = (flag: string): number =>
      Number(Bun.spawnSync(['id', flag, USER]).stdout.toString());
    chownSync(folder, id('-u'), id('-g'));
  }
  const data = join(folder, 'data');
  // A language's order of letters on purpose: what relies on the order of bytes must say so.
  const order = ['--locale-provider=icu', '--icu-locale=en-US', '--locale=C.UTF-8'];
  run([
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'gangway',
    '-A',
    'trust',
    '-E',
    'UTF8',
    ...order,
    '-N',
  ]);
  const port = await freePort();
  const ctl = (...words: string[]) => run([join(bin, 'pg_ctl'), '-D', data, '-w', ...words]);
  const settings = [
    `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1`,
    '-c max_connections=200 -c shared_buffers=32MB -c fsync=off',
  ].join(' ');
  const start = () =>
    void ctl('-t', String(START_S), '-l', join(folder, 'log'), '-o', settings, 'start');
  const stop = () => void ctl('-m', 'immediate', 'stop');
  const url = (name: string) => `postgres://gangway@127.0.0.1:${port}/${name}`;
  start();
  const admin = (sql: string) =>
    run([join(bin, 'psql'), '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql, url('postgres')]);
  let databases = 0;
  return {
    port,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      admin(`create database ${name}`);
      return url(name);
    },
    stop,
    start,
    dispose() {
      try {
        stop();
      } catch {
        // It was stopped by the test.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
