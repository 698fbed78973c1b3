/** A Redis of its own, that can be stopped and started again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisClient } from 'bun';

const READY_MS = 10_000;

export interface RedisPlace {
  readonly url: string;
  start(): Promise<void>;
  /** As a crash: what it knew is gone. */
  kill(): Promise<void>;
  /** It stands still and answers nobody, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** One command, as an operator gives it. */
  ask(command: string, ...args: string[]): Promise<unknown>;
  dispose(): Promise<void>;
}

export async function makeRedisPlace(): Promise<RedisPlace> {
  const dir = mkdtempSync(join(tmpdir(), 'gangway-redis-'));
  const port = freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: Bun.Subprocess | null = null;
  const ask: RedisPlace['ask'] = async (command, ...args) => {
    const client = new RedisClient(url, { autoReconnect: false });
    try {
      return await client.send(command, args);
    } finally {
      client.close();
    }
  };
  const kill = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await child?.exited;
    child = null;
  };
  const start = async (): Promise<void> => {
    child = Bun.spawn(
      ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir],
      { stdout: 'ignore', stderr: 'ignore' },
    );
    for (const endMs = Date.now() + READY_MS; ; ) {
      if ((await ask('PING').catch(() => null)) === 'PONG') return;
      if (Date.now() > endMs) throw new Error('redis-server does not start');
      await Bun.sleep(20);
    }
  };
  await start();
  return {
    url,
    start,
    kill,
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    ask,
    async dispose() {
      await kill();
      rmSync(dir, { recursive: true });
    },
  };
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop();
  return port;
}
