/** Key pairs as callers: to limits and books a pair is a key of its account that bears its id. */
import type { Sealer } from '../kit/seal.ts';
import type { AccessKeys, FoundAccessKey, KeyRow } from '../storage/ports.ts';
import type { Caller } from './keys.ts';

/** Pairs kept in memory; beyond, the oldest is read again when it comes. */
const CACHED_PAIRS_MAX = 10_000;

export interface PairCaller {
  readonly caller: Caller;
  readonly secret: string;
}

export interface PairCallers {
  /** undefined: unknown, or disabled. */
  find(id: string): PairCaller | Promise<PairCaller | undefined>;
}

export interface PairCallersDeps {
  readonly pairs: Pick<AccessKeys, 'found' | 'onChange'>;
  readonly sealer: Sealer;
}

export function makePairCallers({ pairs, sealer }: PairCallersDeps): PairCallers {
  const cache = new Map<string, PairCaller>();
  let changes = 0;
  pairs.onChange(() => {
    changes += 1;
    cache.clear();
  });
  const read = async (id: string): Promise<PairCaller | undefined> => {
    const before = changes;
    const found = await pairs.found(id);
    if (found === undefined || found.pair.state !== 'active') return undefined;
    const pair = { caller: callerOf(found), secret: sealer.open(found.pair.sealed, id) };
    if (cache.size >= CACHED_PAIRS_MAX) cache.delete(cache.keys().next().value ?? '');
    // What was read before a change must not outlive it.
    if (changes === before) cache.set(id, pair);
    return pair;
  };
  return { find: (id) => cache.get(id) ?? read(id) };
}

function callerOf({ pair, accountUnlimited }: FoundAccessKey): Caller {
  const key = Object.freeze(keyOfPair(pair));
  return Object.freeze({ key, models: null, addresses: null, unlimited: accountUnlimited });
}

function keyOfPair({ id, accountId, createdMs }: FoundAccessKey['pair']): KeyRow {
  return {
    ...{ id, accountId, createdMs, name: id, hash: '', hint: id.slice(-4) },
    ...{ role: 'caller', state: 'active', expiresMs: null, models: null, addresses: null },
    ...{ requestsPerMinute: null, tokensPerMinute: null, concurrency: null, budget: null },
    ...{ onDisconnect: 'drain', contract: null, rescue: null },
    ...{ jsonAttemptsMax: null, jsonAgainMax: null },
  };
}
