/** Opens what every command needs: settings, store, and the accounts and keys of a first start. */

import { mintKey } from '../access/keys.ts';
import { systemClock } from '../kit/clock.ts';
import { type Env, readEnv } from '../kit/env.ts';
import { type Log, makeLog } from '../kit/log.ts';
import { DEFAULT_ACCOUNT } from '../storage/accounts.ts';
import type { Store } from '../storage/ports.ts';
import { openSqlite } from '../storage/sqlite/store.ts';
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
}

export async function boot(flags: CommonFlags): Promise<Booted> {
  const env = readEnv();
  const settings = loadSettings({
    env,
    file: flags.config ?? null,
    flags: { data_dir: flags.data, listen: flags.listen },
  });
  const log = makeLog(settings.log_level, (text) => void process.stderr.write(text));
  const store = await openSqlite({ dir: settings.data_dir, sync: settings.storage.sync });
  return { settings, env, log, store };
}

export interface FirstKeys {
  readonly operatorKey: string;
  readonly key: string;
}

/** Keys of the very first start; null where this installation has some already. */
export async function makeFirstKeys(store: Store): Promise<FirstKeys | null> {
  if ((await store.keys.list({ limit: 1 })).length > 0) return null;
  const nowMs = systemClock.nowMs();
  const operator = mintKey(
    { accountId: DEFAULT_ACCOUNT, name: 'operator', role: 'operator' },
    nowMs,
  );
  const caller = mintKey({ accountId: DEFAULT_ACCOUNT, name: 'first', role: 'caller' }, nowMs);
  await store.keys.insert([operator.row, caller.row]);
  return { operatorKey: operator.secret, key: caller.secret };
}
