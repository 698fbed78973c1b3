/** Endpoints by name, kept in memory until something changes. */
import type { EndpointRow, Endpoints } from '../storage/ports.ts';

/** `ep-` + time of making, Coordinated Universal Time, + five random characters. */
const ENDPOINT_ID = /^ep-\d{14}-[0-9a-z]{5}$/;
/** Endpoints kept in memory; beyond, the oldest is read again when it is called. */
const CACHED_ENDPOINTS_MAX = 10_000;

export interface EndpointResolver {
  /** An endpoint of this account; null for what is none, and for another account's. */
  find(name: string, accountId: string): Promise<EndpointRow | null>;
}

/** True where the name of a model has the form of an endpoint's: others cost no look. */
export function isEndpointId(name: string): boolean {
  return ENDPOINT_ID.test(name);
}

export function makeEndpoints(endpoints: Pick<Endpoints, 'byId' | 'onChange'>): EndpointResolver {
  const cache = new Map<string, EndpointRow>();
  let changes = 0;
  endpoints.onChange(() => {
    changes += 1;
    cache.clear();
  });
  const read = async (id: string): Promise<EndpointRow | undefined> => {
    const known = cache.get(id);
    if (known !== undefined) return known;
    const before = changes;
    const row = await endpoints.byId(id);
    if (row === undefined) return undefined;
    if (cache.size >= CACHED_ENDPOINTS_MAX) cache.delete(cache.keys().next().value ?? '');
    // What was read before a change must not outlive it.
    if (changes === before) cache.set(id, row);
    return row;
  };
  return {
    async find(name, accountId) {
      const row = await read(name);
      return row?.accountId === accountId ? row : null;
    },
  };
}
