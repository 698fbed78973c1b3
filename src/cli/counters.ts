/** Which counters this node asks: its own, or those that it shares with other nodes. */
import { type Clock, systemClock } from '../kit/clock.ts';
import { type CountersState, guardCounters } from '../limits/guard.ts';
import { MemoryCounters } from '../storage/memory/counters.ts';
import type { Counters, SharedCounters } from '../storage/ports.ts';
import { openPostgresCounters } from '../storage/postgres/counters.ts';
import { RedisCounters } from '../storage/redis/counters.ts';
import type { Booted } from './boot.ts';
import type { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';

export interface OpenedCounters {
  readonly counters: Counters;
  readonly state: () => Promise<CountersState>;
  /** Headers of an answer to a request that began at `sinceTickMs`; null: none. */
  readonly marks: (sinceTickMs: number) => Readonly<Record<string, string>> | null;
  close(): Promise<void>;
}

const PREFIX = 'gangway:';
const ALONE = Object.freeze({ 'x-gangway-limits': 'local' });

/** A store that is away does not keep the gateway from starting: its limits are then not there. */
export async function openCounters(booted: Booted, secrets: Secrets): Promise<OpenedCounters> {
  const { settings, log } = booted;
  const clock = systemClock;
  const shared = await openShared(booted, secrets);
  if (shared === null) {
    const counters = new MemoryCounters(clock);
    return { counters, state: async () => 'ok', marks: () => null, close: async () => undefined };
  }
  const local = settings.limits.fail_open ? new MemoryCounters(clock) : null;
  const counters = guardCounters({ shared, local, clock, log });
  return {
    counters,
    state: counters.state,
    marks: (sinceTickMs) => (counters.countedAlone(sinceTickMs) ? ALONE : null),
    close: () => shared.close(),
  };
}

async function openShared(booted: Booted, secrets: Secrets): Promise<SharedCounters | null> {
  const { settings, env, log, databaseUrl } = booted;
  const redis = settings.storage.redis_url ?? (env.REDIS_URL || null);
  const sort = chooseSort(settings, { redis, database: databaseUrl });
  const clock: Clock = systemClock;
  if (sort === 'redis' && redis !== null) {
    const url = await secrets.read(redis);
    const counters = new RedisCounters({ url, clock, log, prefix: PREFIX, nowMs: null });
    await counters.connect();
    return counters;
  }
  if (sort === 'postgres' && databaseUrl !== null) {
    return openPostgresCounters({ url: databaseUrl, clock, log });
  }
  return null;
}

interface Places {
  readonly redis: string | null;
  readonly database: string | null;
}

/** Throws an Error that names what a setting lacks. */
function chooseSort({ limits }: Settings, places: Places): 'memory' | 'redis' | 'postgres' {
  const { counters } = limits;
  if (counters === 'auto') {
    if (places.redis !== null) return 'redis';
    // Nodes that share a database must share their limits as well.
    return places.database === null ? 'memory' : 'postgres';
  }
  if (counters === 'redis' && places.redis === null) {
    throw new Error('limits.counters is redis: set storage.redis_url, or REDIS_URL.');
  }
  if (counters === 'postgres' && places.database === null) {
    throw new Error('limits.counters is postgres: set storage.database_url, or DATABASE_URL.');
  }
  return counters;
}
