/** The real relay of one node, over simulated vendors, clock and books. */
import type { Model } from '../../src/catalog/shape.ts';
import { Deadlines } from '../../src/kit/clock.ts';
import type { Outbound } from '../../src/kit/fetch.ts';
import { makeLog } from '../../src/kit/log.ts';
import { makeLimits } from '../../src/limits/limits.ts';
import { Breaker } from '../../src/relay/breaker.ts';
import type { Call, RelayDeps } from '../../src/relay/call.ts';
import { makeCredentials } from '../../src/relay/credentials.ts';
import { makeEndpoints } from '../../src/relay/endpoints.ts';
import { makeSettlements } from '../../src/relay/settlements.ts';
import { makeRoutes, type Routes } from '../../src/relay/upstreams.ts';
import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import { BREAKER, MODEL, PRICE, SETTINGS } from '../relay/rig.ts';
import type { Node } from './node.ts';

interface Parts {
  readonly node: Node;
  readonly outbound: Outbound;
  readonly random: () => number;
  readonly routes: Routes;
}

export const UPSTREAMS_MAX = 3;
/** Texts in one request for embeddings: a call of more goes out in parts. */
const INPUTS_MAX = 2;
const EMBEDDER: Model = { ...MODEL, id: 'e', kind: 'embedding', outputTokensMax: 0 };
const MODELS: readonly Model[] = [{ ...MODEL, outputTokensMax: 60 }, EMBEDDER];

/** Some equal, some in order. */
export function makeSimRoutes(upstreams: number): Promise<Routes> {
  const { embeddings } = compatible.services;
  const parts = embeddings.map((one) => ({ ...one, inputsMax: INPUTS_MAX }));
  const vendor = { ...compatible, services: { ...compatible.services, embeddings: parts } };
  const list = ['a', 'b', 'c'].slice(0, upstreams).map((id, at) => ({
    id,
    vendor,
    baseUrl: `https://${id}.test/v1`,
    credential: `secret-${id}`,
    priority: Math.floor(at / 2),
    weight: 1,
  }));
  const find = (name: string) => MODELS.find(({ id }) => id === name);
  return makeRoutes({ find, list: () => MODELS }, list, async () => ({ price: PRICE, id: 'p' }));
}

export function makeDeps({ node, outbound, random, routes }: Parts): RelayDeps {
  const { clock } = node;
  const log = makeLog('silent', () => undefined);
  const settlements = makeSettlements({ clock, ledger: node, log, tell: () => undefined });
  return {
    clock,
    deadlines: new Deadlines(clock),
    random,
    outbound,
    credentials: makeCredentials(outbound, clock),
    routes,
    endpoints: makeEndpoints({ byId: async () => undefined, onChange: () => undefined }),
    limits: makeLimits(new MemoryCounters(clock), {
      requestsPerMinute: 0,
      tokensPerMinute: 0,
      concurrency: 0,
    }),
    ledger: node,
    settlements,
    breaker: new Breaker(BREAKER, clock),
    settings: { ...SETTINGS, structured: { attemptsMax: 2, againMax: null } },
    log,
    observer: { callEnded: () => undefined },
    live: new Set<Call>(),
  };
}
