/** A PostgreSQL of its own: one cluster in a temporary folder, a database for each who asks. */
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VERSIONS = '/usr/lib/postgresql';
const READY_MS = 20_000;
/** PostgreSQL refuses to run as root; the Debian package brings this user. */
const USER = 'postgres';

/** The folder of the newest PostgreSQL's programs; null where there is none. */
export function findPostgres(): string | null {
  if (existsSync(VERSIONS)) {
    const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0];
    const bin = join(VERSIONS, newest ?? '', 'bin');
    if (existsSync(join(bin, 'initdb'))) return bin;
  }
  const found = Bun.which('initdb');
  return found === null ? null : join(found, '..');
}

export interface PostgresServer {
  url(database: string): string;
  stop(): void;
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = findPostgres();
  if (bin === null) throw new Error('there is no PostgreSQL here');
  const dir = mkdtempSync(join(tmpdir(), 'gangway-pg-'));
  const asUser = process.getuid?.() === 0 ? ['setpriv', ...idsOf(USER), '--clear-groups'] : [];
  if (asUser.length > 0) chownSync(dir, userId(USER), userId(USER));
  const data = join(dir, 'data');
  const port = freePort();
  run([...asUser, join(bin, 'initdb'), '-D', data, '-A', 'trust', '-U', USER, '-N']);
  const child = Bun.spawn(
    [
      ...asUser,
      join(bin, 'postgres'),
      ...['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', dir],
      ...['-c', 'max_connections=50', '-c', 'shared_buffers=32MB'],
    ],
    { stdout: 'ignore', stderr: 'ignore' },
  );
  const url = (database: string): string => `postgres://${USER}@127.0.0.1:${port}/${database}`;
  for (const endMs = Date.now() + READY_MS; ; await Bun.sleep(50)) {
    const ready = Bun.spawnSync([join(bin, 'pg_isready'), '-h', '127.0.0.1', '-p', String(port)]);
    if (ready.exitCode === 0) break;
    if (Date.now() > endMs) throw new Error('PostgreSQL does not start');
  }
  return {
    url,
    stop() {
      child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function run(command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], { stdout: 'ignore' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`);
}

function userId(name: string): number {
  return Number(Bun.spawnSync(['id', '-u', name]).stdout.toString());
}

function idsOf(name: string): string[] {
  const id = String(userId(name));
  return ['--reuid', id, '--regid', id];
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop();
  return port;
}
