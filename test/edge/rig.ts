/** A server in this process, on a port of its own, with simulated vendors and real books. */
import { makeSignedAccess } from '../../src/access/access-keys.ts';
import { type AppWish, type MintedApp, mintApp } from '../../src/access/apps.ts';
import { makeAccess, mintKey, type NewKey } from '../../src/access/keys.ts';
import { makePairCallers } from '../../src/access/pair-callers.ts';
import { makeTokens } from '../../src/access/tokens.ts';
import type { BodyReader } from '../../src/edge/body.ts';
import { controlRoutes } from '../../src/edge/control.ts';
import { frontRoutes } from '../../src/edge/front.ts';
import { healthRoutes } from '../../src/edge/health.ts';
import { mountJson } from '../../src/edge/json-routes.ts';
import { makeMetrics } from '../../src/edge/metrics.ts';
import { oauthRoutes } from '../../src/edge/oauth.ts';
import type { Route } from '../../src/edge/routes.ts';
import { type RunningServer, type ServerSettings, startServer } from '../../src/edge/server.ts';
import { makeSignatureGate } from '../../src/edge/signed.ts';
import { parseCidrs } from '../../src/kit/cidr.ts';
import { type Clock, Deadlines, systemClock } from '../../src/kit/clock.ts';
import { Fault } from '../../src/kit/fault.ts';
import type { Outbound } from '../../src/kit/fetch.ts';
import { makeLog } from '../../src/kit/log.ts';
import { makeSealer } from '../../src/kit/seal.ts';
import { makeSigner } from '../../src/kit/signed.ts';
import { makeLimits } from '../../src/limits/limits.ts';
import { appRoutes } from '../../src/platform/apps.ts';
import { makeControlPlane } from '../../src/platform/control.ts';
import { Breaker } from '../../src/relay/breaker.ts';
import type { Call, RelayDeps } from '../../src/relay/call.ts';
import { makeCredentials } from '../../src/relay/credentials.ts';
import { makeEndpoints } from '../../src/relay/endpoints.ts';
import { makeSettlements } from '../../src/relay/settlements.ts';
import { makeRoutes } from '../../src/relay/upstreams.ts';
import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import type { LeakRule, Store } from '../../src/storage/ports.ts';
import type { TaskRoutes } from '../../src/tasks/routes.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import { BREAKER, MODEL, PRICE, SETTINGS } from '../relay/rig.ts';
import { makeSqlitePlace, type SqlitePlace } from '../storage/sqlite-place.ts';
import { seededRandom } from '../suites/sim-clock.ts';

export const SIGNING_KEY = new Uint8Array(32).fill(7);
export const SEALER = makeSealer(new Uint8Array(32).fill(7));
export const BODY_BYTES_MAX = 20_000;
export const BODY_TIME_MS = 200;
export const HEADER_BYTES_MAX = 4_000;

export interface Wish {
  readonly outbound?: Outbound;
  readonly server?: Partial<ServerSettings>;
  readonly strictLeak?: LeakRule | null;
  /** What tokens are told the time by. */
  readonly tokenClock?: Clock;
  /** Data that another edge serves as well. */
  readonly place?: SqlitePlace;
  /** Models that are asked as tasks; absent: none. */
  readonly slow?: Pick<TaskRoutes, 'find' | 'list'>;
  /** Puts something around the routes on which callers ask. */
  readonly around?: (routes: readonly Route[], deps: AroundDeps) => readonly Route[];
}

export interface AroundDeps extends BodyReader {
  readonly store: Store;
  readonly relay: RelayDeps;
}

export interface Edge {
  readonly url: string;
  readonly server: RunningServer;
  readonly store: Store;
  readonly relay: RelayDeps;
  readonly logged: string[];
  /** A key that may call, and its secret. */
  mint(more?: Partial<NewKey>): Promise<string>;
  mintApp(more?: Partial<AppWish>): Promise<MintedApp>;
  /** A store of another process on the same data. */
  openOther(): Promise<Store>;
  stop(): Promise<void>;
}

export const APP: AppWish = Object.freeze({
  accountId: 'default',
  name: 'my app',
  callbackDomain: 'app.example.com',
  scenario: 'answers questions',
  contract: 'strict',
});

/** Answers as a good vendor does. */
export const goodOutbound: Outbound = async (request) => {
  const streamed = String(request.body).includes('"stream":true');
  const chunk = { choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] };
  const message = { role: 'assistant', content: 'hi' };
  const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
  const text = streamed
    ? `data: ${JSON.stringify({ ...chunk, usage })}\n\ndata: [DONE]\n\n`
    : JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }], usage });
  let left: Uint8Array | null = Buffer.from(text);
  return {
    status: 200,
    header: () => null,
    text: async () => text,
    read: async () => {
      const bytes = left;
      left = null;
      return bytes;
    },
    close: () => undefined,
  };
};

async function makeRelay(store: Store, outbound: Outbound, logged: string[]) {
  const clock = systemClock;
  const upstream = {
    id: 'a',
    vendor: compatible,
    baseUrl: 'https://a.test/v1',
    credential: 'vendor-secret',
    priority: 0,
    weight: 1,
  };
  const other = { ...MODEL, id: 'other' };
  const models = [MODEL, other];
  const catalog = {
    find: (name: string) => models.find((model) => model.id === name),
    list: () => models,
  };
  const live = new Set<Call>();
  const metrics = makeMetrics({
    openCalls: () => live.size,
    unsettledCalls: () => settlements.waiting(),
  });
  const log = makeLog('debug', (text) => void logged.push(text));
  const { ledger } = store;
  const settlements = makeSettlements({ clock, ledger, log, tell: metrics.settlement });
  const relay: RelayDeps = {
    clock,
    deadlines: new Deadlines(clock),
    random: seededRandom(1),
    outbound,
    credentials: makeCredentials(outbound, clock),
    endpoints: makeEndpoints(store.endpoints),
    routes: await makeRoutes(catalog, [upstream], async () => ({ price: PRICE, id: 'p' })),
    limits: makeLimits(new MemoryCounters(clock), {
      requestsPerMinute: 0,
      tokensPerMinute: 0,
      concurrency: 0,
    }),
    ledger,
    settlements,
    breaker: new Breaker(BREAKER, clock),
    settings: SETTINGS,
    log,
    observer: metrics.observer,
    live,
  };
  return { relay, metrics };
}

const NO_TASKS: Pick<TaskRoutes, 'find' | 'list'> = {
  find() {
    throw new Fault('model_not_found');
  },
  list: () => [],
};

const plainly = (routes: readonly Route[]) => routes;

/** Makes keys and apps of the account `default`. */
function minters(store: Store): Pick<Edge, 'mint' | 'mintApp'> {
  return {
    async mint(more = {}) {
      const wanted = { accountId: 'default', name: 'test', role: 'caller', ...more } as const;
      const { row, secret } = mintKey(wanted, systemClock.nowMs());
      await store.keys.insert([row]);
      return secret;
    },
    async mintApp(more = {}) {
      const minted = mintApp({ ...APP, ...more }, systemClock.nowMs());
      await store.apps.insert(minted.row);
      return minted;
    },
  };
}

export async function startEdge(wish: Wish = {}): Promise<Edge> {
  const place = wish.place ?? (await makeSqlitePlace('interval'));
  const store = await place.open();
  const logged: string[] = [];
  const { relay, metrics } = await makeRelay(store, wish.outbound ?? goodOutbound, logged);
  const chat = {
    relay,
    ...{ limits: relay.limits, resources: store.resources, deadlines: relay.deadlines },
    bodyLimits: { bytesMax: BODY_BYTES_MAX, timeMs: BODY_TIME_MS },
    strictLeak: wish.strictLeak ?? null,
    kept: { responses: store.responses, clock: relay.clock, log: relay.log },
    slow: wish.slow ?? NO_TASKS,
  };
  const health = {
    ...{ ping: () => store.ping(), counters: async () => 'ok' as const },
    stopping: (): boolean => server.stopping(),
    troubles: () => relay.breaker.list(),
    metrics: () => metrics.text(),
  };
  const signer = makeSigner(SIGNING_KEY);
  const tokens = makeTokens({ apps: store.apps, signer, clock: wish.tokenClock ?? systemClock });
  const routes: Route[] = [
    ...(wish.around ?? plainly)(frontRoutes(chat), { ...chat, store }),
    ...oauthRoutes({ ...chat, tokens }),
    ...mountJson(appRoutes({ ...store, clock: systemClock }), chat),
    ...controlRoutes(makeControlPlane({ ...store, routes: relay.routes, clock: systemClock })),
    ...healthRoutes(health),
  ];
  const settings: ServerSettings = {
    hostname: '127.0.0.1',
    port: 0,
    tls: null,
    openRequestsMax: 1_000,
    headerBytesMax: HEADER_BYTES_MAX,
    idleTimeoutS: 10,
    corsOrigins: [],
    trustedProxies: parseCidrs([]),
    ...wish.server,
  };
  const access = makeAccess(store.keys, systemClock, [tokens]);
  const pairs = store.accessKeys;
  const signers = makeSignedAccess({ pairs, sealer: SEALER, clock: systemClock });
  const server: RunningServer = startServer({
    settings,
    routes,
    access,
    signatures: makeSignatureGate({
      ...{ access: signers, deadlines: relay.deadlines },
      pairs: makePairCallers({ pairs, sealer: SEALER }),
    }),
    clock: systemClock,
    log: relay.log,
    metrics,
  });
  const stop = async (): Promise<void> => {
    server.kill();
    await Bun.sleep(20);
    await place.dispose();
  };
  const made = { ...minters(store), openOther: () => place.open(), stop };
  return { url: server.url, server, store, relay, logged, ...made };
}

export interface Told {
  readonly status: number;
  readonly code: string | undefined;
  readonly param: string | null | undefined;
  readonly headers: Headers;
  readonly text: string;
}

export async function ask(edge: Edge, path: string, init: RequestInit = {}): Promise<Told> {
  const response = await fetch(edge.url + path, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const body = isJson ? (JSON.parse(text) as FaultBody) : {};
  const { status, headers } = response;
  const code = body.code ?? body.error?.details?.[0]?.reason ?? body.error?.code;
  return { status, code, param: body.error?.param, headers, text };
}

/** A fault in any of the formats. */
interface FaultBody {
  readonly code?: string;
  readonly error?: {
    readonly code?: string;
    readonly param?: string;
    readonly details?: readonly { readonly reason?: string }[];
  };
}

export const CHAT = '/v1/chat/completions';
export const STRICT = '/api/doubao/v1/chat/completions';
export const BODY = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

export function post(key: string | null, body: string | object, more: object = {}): RequestInit {
  return {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...more,
    },
  };
}

/** Bytes on a bare connection; answers all that came back. */
export async function rawRequest(edge: Edge, pieces: readonly (string | number)[]) {
  const { hostname, port } = new URL(edge.url);
  let text = '';
  const ended = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_, bytes) => {
        text += bytes.toString('utf8');
      },
      close: () => ended.resolve(),
      end: () => ended.resolve(),
    },
  });
  for (const piece of pieces) {
    if (typeof piece === 'number') await Bun.sleep(piece);
    else socket.write(piece);
  }
  await Promise.race([ended.promise, Bun.sleep(2_000)]);
  socket.end();
  return text;
}
