/** `gangway serve`: joins the parts and keeps them going until told to stop. */
import { makeSignedAccess } from '../access/access-keys.ts';
import { makeAccess } from '../access/keys.ts';
import { makePairCallers, type PairCallers } from '../access/pair-callers.ts';
import { makeSelfSigned } from '../access/self-signed.ts';
import { makeTokens } from '../access/tokens.ts';
import { type Catalog, loadCatalog } from '../catalog/load.ts';
import { priceOn } from '../catalog/price.ts';
import type { Offer } from '../catalog/shape.ts';
import { controlRoutes } from '../edge/control.ts';
import { frontRoutes } from '../edge/front.ts';
import { healthRoutes } from '../edge/health.ts';
import { mountJson } from '../edge/json-routes.ts';
import { makeMetrics } from '../edge/metrics.ts';
import { oauthRoutes } from '../edge/oauth.ts';
import { startPlain } from '../edge/plain.ts';
import { keepSweeping } from '../edge/response-sweep.ts';
import { type RunningServer, type ServerDeps, startServer } from '../edge/server.ts';
import { makeSignatureGate } from '../edge/signed.ts';
import { Deadlines, every, systemClock } from '../kit/clock.ts';
import { makeOutbound } from '../kit/fetch.ts';
import { deriveKey, makeSealer, readMasterKey } from '../kit/seal.ts';
import { makeSigner } from '../kit/signed.ts';
import { readPrice } from '../ledger/price.ts';
import { makeLimits } from '../limits/limits.ts';
import { appRoutes } from '../platform/apps.ts';
import { makeControlPlane } from '../platform/control.ts';
import { Breaker } from '../relay/breaker.ts';
import type { Call, RelayDeps } from '../relay/call.ts';
import { makeCredentials } from '../relay/credentials.ts';
import { makeEndpoints } from '../relay/endpoints.ts';
import { makeSettlements, type Settlements } from '../relay/settlements.ts';
import { makeRoutes, type Routes, type Upstream } from '../relay/upstreams.ts';
import { makeTaskRoutes, type TaskRoutes } from '../tasks/routes.ts';
import { type Booted, boot, COMMON_FLAGS, makeFirstKeys } from './boot.ts';
import { openCounters } from './counters.ts';
import { parseFlags } from './flags.ts';
import { openOnce } from './once.ts';
import {
  breakerSettings,
  edgeSettings,
  limitDefaults,
  relaySettings,
  serverSettings,
} from './part-settings.ts';
import { exchangeOf, ownPrices } from './price-settings.ts';
import { printLine } from './print.ts';
import { type SandboxProcess, startSandboxProcess } from './sandbox-process.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { type Settings, splitListen } from './settings.ts';
import { startTasks } from './tasks.ts';
import { watchTls } from './tls.ts';
import {
  type Configured,
  configureUpstreams,
  listPlaces,
  refreshCredentials,
  sandboxUpstreams,
} from './upstreams.ts';
import { welcome } from './welcome.ts';

export const SERVE_HELP = `gangway serve [--listen HOST:PORT] [--data DIR] [--config FILE] [--json]

Starts the gateway. Without a vendor key it starts the sandbox beside it, whose vendors are made up.
  --listen   where to listen (default 127.0.0.1:8420; GANGWAY_LISTEN)
  --data     folder of the database (default ./data; GANGWAY_DATA_DIR)
  --config   settings (default ./gangway.yaml where there is one; GANGWAY_CONFIG)
  --json     print one JSON line once ready: url, and the keys that this start made`;

const TOKEN_PURPOSE = 'gangway access tokens';
/** How often the day, files of keys and Vault's cache are looked at. */
const REFRESH_EVERY_MS = 2_000;
const KILL_GRACE_MS = 2_000;

export async function serve(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, { ...COMMON_FLAGS, listen: { type: 'string' } }, SERVE_HELP);
  if (flags === null) return 0;
  const booted = await boot(flags.values);
  const { settings, store, log } = booted;
  await store.join((calls) => {
    if (calls > 0) log.warn('calls of a process that is gone are now unknown', { calls });
  });
  const upstreams = await chooseUpstreams(booted);
  const running = await run(booted, upstreams);
  // Whoever reads that it is ready may stop it at once.
  const toldToStop = stopSignal();
  // Last: keys of a start that fails after this would never have been shown.
  const keys = await makeFirstKeys(store);
  if (flags.values.json === true) {
    const made = keys === null ? {} : { operator_key: keys.operatorKey, key: keys.key };
    printLine(JSON.stringify({ url: running.server.url, ...made }));
  } else {
    welcome({
      url: running.server.url,
      keys,
      settings,
      upstreams: upstreams.configured.upstreams,
      models: running.models(),
      sandboxed: upstreams.sandbox !== null,
    });
  }
  await toldToStop;
  await stop(running, settings);
  upstreams.sandbox?.stop();
  await store.close();
  log.info('stopped');
  log.flush();
  return 0;
}

interface Chosen {
  readonly configured: Configured;
  readonly secrets: Secrets;
  readonly sandbox: SandboxProcess | null;
}

/** The operator's vendors; the sandbox's where there are none, or where it is asked for. */
async function chooseUpstreams({ settings, env, log }: Booted): Promise<Chosen> {
  const secrets = openSecrets(settings, env, log);
  const configured = await configureUpstreams(settings, env, secrets);
  const wanted =
    settings.sandbox === 'on' || (settings.sandbox === 'auto' && configured.upstreams.length === 0);
  if (!wanted) return { configured, secrets, sandbox: null };
  const sandbox = await startSandboxProcess();
  log.info('the sandbox answers for vendors without a key', { url: sandbox.url });
  const both = sandboxUpstreams(configured, sandbox, settings.currency);
  return { configured: both, secrets, sandbox };
}

interface Running {
  readonly server: Doors;
  readonly live: ReadonlySet<Call>;
  readonly models: () => readonly string[];
  readonly settlements: Pick<Settlements, 'stop'>;
  readonly stopTimers: () => void;
  readonly closeCounters: () => Promise<void>;
  readonly stopTasks: () => Promise<void>;
}

async function run(booted: Booted, chosen: Chosen): Promise<Running> {
  const { settings, store, log, env } = booted;
  const clock = systemClock;
  const deadlines = new Deadlines(clock);
  const live = new Set<Call>();
  const { metrics, settlements } = openBooks(booted, live);
  const counted = await openCounters(booted, chosen.secrets);
  const limits = makeLimits(counted.counters, limitDefaults(settings));
  const breaker = new Breaker(breakerSettings(settings), clock);
  const { routes, taskRoutes, stopTimer } = await freshRoutes(booted, chosen);
  const endpoints = makeEndpoints(store.endpoints);
  const outbound = makeOutbound(clock, isDirect(env));
  const relay: RelayDeps = {
    clock,
    deadlines,
    random: Math.random,
    outbound,
    credentials: makeCredentials(outbound, clock),
    routes,
    endpoints,
    limits,
    ledger: store.ledger,
    settlements,
    breaker,
    settings: relaySettings(settings),
    log,
    observer: metrics.observer,
    live,
  };
  const { resources } = store;
  const kept = { responses: store.responses, clock, log };
  const edge = { relay, limits, deadlines, resources, kept, ...edgeSettings(settings) };
  const masterKey = readMasterKey(settings.data_dir, env);
  const signer = makeSigner(deriveKey(masterKey, TOKEN_PURPOSE));
  const tokens = makeTokens({ apps: store.apps, signer, clock });
  const { once, stop: stopOnce } = openOnce(booted, deadlines);
  const { secrets } = chosen;
  const tasks = await startTasks({ secrets, booted, relay, edge, routes: taskRoutes, masterKey });
  const pairs = makePairCallers({ pairs: store.accessKeys, sealer: makeSealer(masterKey) });
  let running: Doors | null = null;
  const health = {
    ping: () => store.ping(),
    stopping: () => running?.stopping() ?? false,
    counters: counted.state,
    troubles: () => breaker.list(),
    metrics: () => metrics.text(),
  };
  running = openDoors(settings, {
    settings: serverSettings(settings),
    routes: [
      ...once.around(frontRoutes({ ...edge, slow: taskRoutes })),
      ...tasks.routes,
      ...oauthRoutes({ ...edge, tokens }),
      ...mountJson(appRoutes({ ...store, clock }), edge),
      ...controlRoutes(makeControlPlane({ ...store, routes, clock })),
      ...healthRoutes(health),
    ],
    access: makeAccess(store.keys, clock, [tokens, makeSelfSigned({ pairs, clock })]),
    signatures: signatureGate({ booted, masterKey, deadlines, pairs }),
    clock,
    log,
    metrics,
    marks: counted.marks,
  });
  const models = () => routes.list().map((entry) => entry.model.id);
  const stops = [stopTimer, stopOnce, keepSweeping(kept)];
  const stopTimers = (): void => stops.forEach((stop) => void stop());
  const ends = { stopTimers, closeCounters: counted.close, stopTasks: tasks.stop };
  return { server: running, live, models, settlements, ...ends };
}

/** Ends of calls on their way to disk, and what is counted of them. */
function openBooks({ store, log }: Booted, live: ReadonlySet<Call>) {
  const metrics = makeMetrics({
    openCalls: () => live.size,
    unsettledCalls: () => settlements.waiting(),
  });
  const { ledger } = store;
  const tell = metrics.settlement;
  const settlements = makeSettlements({ clock: systemClock, ledger, log, tell });
  return { metrics, settlements };
}

/** No proxy stands between us and the vendors. */
function isDirect(env: Booted['env']): boolean {
  return env.HTTPS_PROXY === undefined && env.HTTP_PROXY === undefined;
}

interface Signing {
  readonly booted: Booted;
  readonly masterKey: Uint8Array;
  readonly deadlines: Deadlines;
  readonly pairs: PairCallers;
}

/** Opened key pairs, under the installation's master key. */
function signatureGate({ booted, masterKey, deadlines, pairs }: Signing) {
  const { accessKeys } = booted.store;
  const sealer = makeSealer(masterKey);
  const access = makeSignedAccess({ pairs: accessKeys, sealer, clock: systemClock });
  return makeSignatureGate({ access, pairs, deadlines });
}

type Doors = Pick<RunningServer, 'url' | 'stopping' | 'stop' | 'kill'>;

/** The one server, and a second one for plain HTTP where the settings want it beside TLS. */
function openDoors(settings: Settings, deps: ServerDeps): Doors {
  const main = startServer(deps);
  const { tls } = deps.settings;
  if (tls === null) return main;
  const { plain: mode, plain_listen: listen } = settings.tls;
  const place = listen === null ? null : splitListen(listen);
  const { clock, log, metrics } = deps;
  const idleTimeoutS = settings.server.idle_timeout_s;
  let plain: Pick<RunningServer, 'stop' | 'kill'> | null = null;
  if (place !== null && mode === 'allow') {
    plain = startServer({ ...deps, settings: { ...deps.settings, ...place, tls: null } });
  } else if (place !== null && mode !== 'allow') {
    const httpsPort = main.port;
    plain = startPlain({ ...place, mode, httpsPort, idleTimeoutS, clock, log, metrics });
  }
  const unwatch = watchTls({ settings, current: tls, log, renew: main.renewTls });
  return {
    url: main.url,
    stopping: main.stopping,
    async stop() {
      unwatch();
      await Promise.all([main.stop(), plain?.stop()]);
    },
    kill() {
      main.kill();
      plain?.kill();
    },
  };
}

/** The routes are made anew when a day begins, for prices begin on days, and for a new key. */
async function freshRoutes(booted: Booted, chosen: Chosen) {
  const { configured, secrets } = chosen;
  const own = ownPrices(booted.settings, listPlaces(configured.upstreams));
  const catalog = loadCatalog(configured.models, own);
  const today = (): string => new Date(systemClock.nowMs()).toISOString().slice(0, 10);
  let day = today();
  let { upstreams } = configured;
  const make = () => routesOn(day, { booted, upstreams, catalog });
  let current = await make();
  let busy = false;
  const renew = async (): Promise<void> => {
    await secrets.tend();
    const fresh = await refreshCredentials(upstreams, booted.settings, secrets);
    if (fresh === upstreams && today() === day) return;
    if (fresh !== upstreams) tellCredentials(booted, upstreams, fresh);
    day = today();
    upstreams = fresh;
    current = await make();
  };
  const stopTimer = every(REFRESH_EVERY_MS, () => {
    // A slow answer of Vault must not let the next look overtake this one.
    if (busy) return;
    busy = true;
    renew()
      .catch((error: unknown) => booted.log.error('the routes cannot be made anew', { error }))
      .finally(() => {
        busy = false;
      });
  });
  const routes: Routes = {
    find: (name) => current.quick.find(name),
    list: () => current.quick.list(),
  };
  const taskRoutes: TaskRoutes = {
    find: (name, vendor) => current.slow.find(name, vendor),
    list: () => current.slow.list(),
    services: (upstream) => current.slow.services(upstream),
    pinned: (upstream, service) => current.slow.pinned(upstream, service),
  };
  return { routes, taskRoutes, stopTimer };
}

function tellCredentials(
  { log }: Booted,
  before: readonly Upstream[],
  after: readonly Upstream[],
): void {
  for (const upstream of after) {
    if (before.includes(upstream)) continue;
    if (upstream.withheld === true)
      log.error('no credential for it now', { upstream: upstream.id });
    else log.info('a new credential is in force', { upstream: upstream.id });
  }
}

interface RoutesWish {
  readonly booted: Booted;
  readonly upstreams: readonly Upstream[];
  readonly catalog: Catalog;
}

async function routesOn(day: string, wish: RoutesWish) {
  const { settings, store } = wish.booted;
  const priceOf = async (offer: Offer) => {
    const table = priceOn(offer, day);
    if (table === undefined) return null;
    const price = readPrice(table.rows, table.currency, exchangeOf(table.currency, settings));
    return { price, id: await store.ledger.keepPrice(price.snapshot) };
  };
  return {
    quick: await makeRoutes(wish.catalog, wish.upstreams, priceOf),
    slow: await makeTaskRoutes(wish.catalog, wish.upstreams, priceOf),
  };
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

/** Takes nothing new, lets open calls end within their time, then ends and settles them. */
async function stop(running: Running, settings: Settings): Promise<void> {
  const { server, live } = running;
  running.stopTimers();
  const resting = running.stopTasks();
  const ended = server.stop();
  const limit = systemClock.sleep(settings.server.stop_timeout_ms);
  await Promise.race([Promise.all([ended, resting]), limit]);
  for (const call of live) {
    call.stopped ??= 'shutdown';
    call.stop?.('shutdown');
  }
  const startedMs = systemClock.tickMs();
  while (live.size > 0 && systemClock.tickMs() - startedMs < KILL_GRACE_MS) {
    await systemClock.sleep(20);
  }
  server.kill();
  // The last settlements are in the turn of the loop that follows.
  await systemClock.sleep(50);
  await running.settlements.stop();
  await running.closeCounters();
}
