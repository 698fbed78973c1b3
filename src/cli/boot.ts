/** Opens what every command needs: settings, store, and the accounts and keys of a first start. */

import { mintKey } from '../access/keys.ts';
import { systemClock } from '../kit/clock.ts';
import { type Env, readEnv } from '../kit/env.ts';
import { type Log, makeLog } from '../kit/log.ts';
import { DEFAULT_ACCOUNT } from '../storage/accounts.ts';
import type { Store } from '../storage/ports.ts';
import { openPostgres } from '../storage/postgres/store.ts';
import { openSqlite } from '../storage/sqlite/store.ts';
import { openSecrets } from './secrets.ts';
import { loadSettings, type Settings } from './settings.ts';

/** Flags that every command takes. */
export const COMMON_FLAGS = Object.freeze({
  config: { type: 'string' },
  data: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const);

export interface CommonFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly listen?: string | undefined;
}

export interface Booted {
  readonly settings: Settings;
  readonly env: Env;
  readonly log: Log;
  readonly store: Store;
  /** Where the store is, for people; never its password. */
  readonly database: string;
  /** The same with its password; null: SQLite. */
  readonly databaseUrl: string | null;
}

export async function boot(
  flags: CommonFlags,
  wish: { readonly migrate?: true } = {},
): Promise<Booted> {
  const env = readEnv();
  const settings = loadSettings({
    env,
    file: flags.config ?? null,
    flags: { data_dir: flags.data, listen: flags.listen },
  });
  const log = makeLog(settings.log_level, (text) => void process.stderr.write(text));
  const base = { settings, env, log };
  const url = await findDatabase(base);
  if (url === null) {
    const store = await openSqlite({ dir: settings.data_dir, sync: settings.storage.sync });
    return { ...base, store, database: `in ${settings.data_dir}`, databaseUrl: null };
  }
  const { storage } = settings;
  const store = await openPostgres({
    url,
    connectionsMax: storage.connections_max,
    leaseMs: storage.lease_ms,
    migrate: wish.migrate ?? storage.migrate === 'auto',
    log,
  });
  return { ...base, store, database: withoutSecrets(url), databaseUrl: url };
}

type Base = Pick<Booted, 'settings' | 'env' | 'log'>;

/** The URL of PostgreSQL; null: SQLite. No error shows it, for it carries a password. */
async function findDatabase({ settings, env, log }: Base): Promise<string | null> {
  const set = settings.storage.database_url;
  const wanted = set ?? env.DATABASE_URL ?? '';
  if (wanted === '') return null;
  const name = set === null ? 'DATABASE_URL' : 'storage.database_url';
  const secrets = openSecrets(settings, env, log);
  const url = await secrets.read(wanted).catch((error: unknown) => {
    throw new Error(`${name} cannot be read`, { cause: error });
  });
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new Error(`${name}: must be postgres://user:password@host:port/database.`);
}

function withoutSecrets(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `postgres://${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}

export interface FirstKeys {
  readonly operatorKey: string;
  readonly key: string;
}

const FIRST_IDS = ['operator', 'first'].map((name) => `key_${name.padStart(32, '0')}`);

/** Keys of the very first start; null where this installation has some already. */
export async function makeFirstKeys(store: Store): Promise<FirstKeys | null> {
  if ((await store.keys.list({ limit: 1 })).length > 0) return null;
  const nowMs = systemClock.nowMs();
  const operator = mintKey(
    { accountId: DEFAULT_ACCOUNT, name: 'operator', role: 'operator' },
    nowMs,
  );
  const caller = mintKey({ accountId: DEFAULT_ACCOUNT, name: 'first', role: 'caller' }, nowMs);
  // Of several nodes that start for the first time at once, one makes them: ids are used once.
  const rows = [operator.row, caller.row].map((row, at) => ({
    ...row,
    id: FIRST_IDS[at] ?? row.id,
  }));
  try {
    await store.keys.insert(rows);
  } catch (error) {
    if ((await store.keys.list({ limit: 1 })).length > 0) return null;
    throw error;
  }
  return { operatorKey: operator.secret, key: caller.secret };
}
