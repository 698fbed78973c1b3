/**
 * Tells when rows changed that nodes keep in memory. The database says so as soon as the writer
 * commits; where that word does not arrive (a pooler between, a broken connection), a counter that
 * is looked at twice a second does.
 */
import pg from 'pg';
import { every, systemClock } from '../../kit/clock.ts';
import type { Log } from '../../kit/log.ts';
import type { Changes } from '../queries.ts';

const CHANNEL = 'gangway_changes';
const POLL_MS = 400;
const LISTEN_AGAIN_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;

export interface ChangesDeps {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly log: Log;
}

export interface WatchedChanges extends Changes {
  stop(): Promise<void>;
}

export function watchChanges(deps: ChangesDeps): WatchedChanges {
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const stopPolling = poll(deps, tell);
  const stopListening = listen(deps, tell);
  return {
    tell,
    listen: (listener) => void listeners.add(listener),
    async stop() {
      stopPolling();
      await stopListening();
    },
  };
}

function poll({ pool, log }: ChangesDeps, tell: () => void): () => void {
  let seen: string | null = null;
  let busy = false;
  const look = async (): Promise<void> => {
    const { rows } = await pool.query<{ version: string }>('select version from changes');
    const version = rows[0]?.version ?? '';
    if (seen !== null && seen !== version) tell();
    seen = version;
  };
  const run = (): void => {
    if (busy) return;
    busy = true;
    look()
      .catch((error: unknown) => log.debug('changes could not be looked up', { error }))
      .finally(() => {
        busy = false;
      });
  };
  run();
  return every(POLL_MS, run);
}

function listen({ url, log }: ChangesDeps, tell: () => void): () => Promise<void> {
  let stopped = false;
  let client: pg.Client | null = null;
  const begin = async (): Promise<void> => {
    if (stopped) return;
    const mine = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'gangway listens',
    });
    client = mine;
    let over = false;
    const again = (error?: Error): void => {
      if (over) return;
      over = true;
      if (stopped) return;
      if (error !== undefined) log.debug('nothing is heard of changes', { error });
      mine.end().catch(() => undefined);
      systemClock.after(LISTEN_AGAIN_MS, () => void begin());
    };
    mine.on('error', again);
    mine.on('end', () => again());
    mine.on('notification', tell);
    try {
      await mine.connect();
      await mine.query(`listen ${CHANNEL}`);
      // Something may have changed while nobody listened.
      tell();
    } catch (error) {
      again(error instanceof Error ? error : undefined);
    }
  };
  void begin();
  return async () => {
    stopped = true;
    await client?.end().catch(() => undefined);
  };
}
