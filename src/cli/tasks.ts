/** Joins what slow jobs need: engine, webhooks, custody, and their routes. */
import { join } from 'node:path';
import { callbackRoutes } from '../edge/callbacks.ts';
import { imageRoutes } from '../edge/images.ts';
import { type NativeEdge, nativeRoutes } from '../edge/native-tasks.ts';
import { noticeRoutes } from '../edge/notices.ts';
import type { RelayEdge } from '../edge/relayed.ts';
import { linkTo, makeLinkOf, openPass, type ResultEdge, resultRoutes } from '../edge/results.ts';
import { callerOf, type Route, type Visit } from '../edge/routes.ts';
import { type TaskEdge, taskRoutes } from '../edge/tasks.ts';
import { type UploadEdge, uploadRoutes } from '../edge/uploads.ts';
import { videoRoutes } from '../edge/videos.ts';
import { webhookRoutes } from '../edge/webhooks.ts';
import { every, systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Guard, makeGuard, systemResolve } from '../kit/guard.ts';
import { deriveKey, makeSealer } from '../kit/seal.ts';
import { makeSigner } from '../kit/signed.ts';
import type { RelayDeps } from '../relay/call.ts';
import { isEndpointId } from '../relay/endpoints.ts';
import { HOUSE_ACCOUNT } from '../storage/accounts.ts';
import { makeDiskFiles } from '../storage/files/disk.ts';
import { makeS3Files } from '../storage/files/s3.ts';
import type { Files } from '../storage/ports.ts';
import { makeHints } from '../tasks/callbacks.ts';
import { type CustodyDeps, discardResults, expireResults, makeKeep } from '../tasks/custody.ts';
import type { TaskDeps } from '../tasks/deps.ts';
import { makeDesk } from '../tasks/desk.ts';
import type { Task } from '../tasks/doc.ts';
import { listDoors } from '../tasks/doors.ts';
import { startEngine } from '../tasks/engine.ts';
import type { HandedLinks } from '../tasks/handed.ts';
import { type Inbox, makeInbox } from '../tasks/inbox.ts';
import type { TaskRoutes } from '../tasks/routes.ts';
import { makeWaiters, type SharedWaiters } from '../tasks/waiters.ts';
import { startWatch } from '../tasks/watch.ts';
import { type Postman, startPostman } from '../tasks/webhooks/deliver.ts';
import { makeSecretsOf, makeWebhookDesk } from '../tasks/webhooks/desk.ts';
import { VENDORS } from '../vendors/index.ts';
import type { Booted } from './boot.ts';
import { balanceBelow, operatorReceivers, watchSettings } from './notice-parts.ts';
import type { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import { accountSecrets } from './webhook-secrets.ts';

interface TaskParts {
  readonly booted: Booted;
  readonly secrets: Secrets;
  readonly relay: RelayDeps;
  readonly edge: RelayEdge;
  readonly routes: TaskRoutes;
  readonly masterKey: Uint8Array;
}

const LINK_PURPOSE = 'gangway links of results';
const EXPIRE_EVERY_MS = 60_000;
/** How late the end of a task that another node saw may be told here. */
const LOOK_EVERY_MS = 1_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_S = 1_000;
const BYTES_PER_MB = 1024 * 1024;
const FETCH_MS = 600_000;
const FETCH_IDLE_MS = 60_000;

export async function startTasks(parts: TaskParts) {
  const { booted, relay } = parts;
  const { settings, store, log } = booted;
  const clock = systemClock;
  await takeOver(booted);
  const waiters = makeWaiters(clock);
  const files = await openFiles(settings, parts.secrets);
  const guard = makeGuard(relay.outbound, systemResolve, settings.outbound.allowed_hosts);
  const custody = {
    ...{ clock, log, guard, files, results: store.results, routes: parts.routes },
    settings: custodySettings(settings),
  };
  const results = resultEdge(parts);
  const inbox = openInbox(booted, files, results);
  const hints = makeHints();
  const deps: TaskDeps = {
    clock,
    random: relay.random,
    outbound: relay.outbound,
    prove: (upstream, ask) => relay.credentials.prove(upstream, ask),
    routes: parts.routes,
    tasks: store.tasks,
    ledger: store.ledger,
    log,
    settings: taskSettings(settings),
    hints,
    handed: { tasks: store.tasks, files, inbox, links: handedLinks(results, inbox) },
    keep: makeKeep(custody),
    changed(id) {
      waiters.changed(id);
      postman.nudge();
    },
  };
  const secrets = webhookSecrets(parts);
  const postman = await openPost(parts, { guard, results });
  const watcher = openWatch(parts, () => postman.nudge());
  const engine = startEngine(deps);
  const discard = ({ row }: Task): Promise<void> => discardResults(row.id, custody);
  const desk = makeDesk({ ...deps, engine, waiters, guard, discard });
  const stops = [keepExpiring(custody)];
  if (booted.databaseUrl !== null) stops.push(watch(waiters, parts));
  const { nudge } = postman;
  const webhooks = makeWebhookDesk({ ...secrets, deliveries: store.deliveries, guard, nudge });
  const heard = { ...deps, nowMs: () => clock.nowMs(), nudge: engine.nudge };
  const edge = taskEdge(parts, desk, results);
  const secretOf = secrets.accountSecret;
  const routes: readonly Route[] = [
    ...doorRoutes(settings, {
      ...{ ...edge, files, clock, secretOf, inbox },
      openPass: (pass) => openPass(pass, { ...results, desk }),
    }),
    ...resultRoutes({ ...results, desk, files }),
    ...webhookRoutes({ ...parts.edge, webhooks }),
    ...callbackRoutes(heard, parts.edge),
    ...noticesOf(parts),
  ];
  const stop = async (): Promise<void> => {
    stops.forEach((end) => void end());
    await watcher.stop();
    await Promise.all([engine.stop(), postman.stop()]);
  };
  return { routes, stop };
}

/** Every way to ask for a task. */
function doorRoutes({ tasks, results }: Settings, edge: NativeEdge & UploadEdge): Route[] {
  const waitMs = tasks.image_wait_ms;
  return [
    ...taskRoutes(edge),
    ...uploadRoutes(edge),
    ...videoRoutes(edge),
    ...imageRoutes({ ...edge, waitMs, keepsLinks: results.keep }),
    ...nativeRoutes(listDoors(Object.values(VENDORS)), edge),
  ];
}

function keepExpiring(custody: CustodyDeps): () => void {
  const expire = (): Promise<unknown> =>
    expireResults(custody).catch((error: unknown) => {
      custody.log.error('expired results cannot be removed', { error });
    });
  return every(EXPIRE_EVERY_MS, () => void expire());
}

/** Where nodes share the tasks, one of them waits for what another one does. */
function watch(waiters: SharedWaiters, { booted: { store, log } }: TaskParts): () => void {
  let busy = false;
  return every(LOOK_EVERY_MS, () => {
    if (busy) return;
    busy = true;
    waiters
      .look(store.tasks)
      .catch((error: unknown) => log.warn('changes of tasks cannot be seen', { error }))
      .finally(() => {
        busy = false;
      });
  });
}

interface Post {
  readonly guard: Guard;
  readonly results: Links;
}

async function openPost(parts: TaskParts, { guard, results }: Post): Promise<Postman> {
  const { booted, relay } = parts;
  const { settings, store, log } = booted;
  const secrets = webhookSecrets(parts);
  const house = secrets.accountSecret(HOUSE_ACCOUNT);
  const operator = await operatorReceivers(settings, parts.secrets, house);
  const secretsOf = makeSecretsOf(secrets);
  const origin = settings.public_url?.replace(/\/+$/, '') ?? `http://${settings.listen}`;
  return startPostman({
    ...{ clock: systemClock, log, guard, random: relay.random },
    ...{ tasks: store.tasks, webhooks: store.webhooks, deliveries: store.deliveries },
    ...{ notices: store.notices, operator },
    connectMs: settings.timeouts.connect_ms,
    doors: listDoors(Object.values(VENDORS)),
    linkOf: makeLinkOf(results, origin),
    async secretsOf(row) {
      const own = operator.secretOf(row.target);
      return own === undefined ? secretsOf(row) : [own];
    },
  });
}

function noticesOf({ booted, edge }: TaskParts): readonly Route[] {
  const { settings, store } = booted;
  const { currency } = settings;
  const words = { clock: systemClock, currency, balanceBelow: balanceBelow(settings) };
  return noticeRoutes({ ...edge, ...words, alarms: store.alarms });
}

function openWatch({ booted, relay, routes }: TaskParts, nudge: () => void) {
  const { settings, store, log } = booted;
  return startWatch({
    ...{ clock: systemClock, log, nudge, settings: watchSettings(settings) },
    ...{ notices: store.notices, alarms: store.alarms, webhooks: store.webhooks },
    calls: store.calls,
    troubles: () => relay.breaker.list(),
    models: () => [
      ...relay.routes.list().map(({ model }) => model),
      ...routes.list().map(({ model }) => model),
    ],
  });
}

/** Alone with its data, a process need not wait for the leases of the one before it. */
async function takeOver({ store, log, databaseUrl }: Booted): Promise<void> {
  if (databaseUrl !== null) return;
  const left = await store.tasks.clearLeases();
  await store.deliveries.clearLeases();
  if (left > 0) log.info('tasks that an earlier process had in hand go on', { tasks: left });
}

function taskSettings(settings: Settings): TaskDeps['settings'] {
  const { tasks, timeouts, currency, public_url: publicUrl } = settings;
  return {
    publicUrl: publicUrl?.replace(/\/+$/, '') ?? null,
    submitWaitMs: tasks.submit_wait_ms,
    connectMs: timeouts.connect_ms,
    requestMs: tasks.request_ms,
    openMax: tasks.open_max,
    sureAfterMs: tasks.sure_after_ms,
    lostAnswer: tasks.lost_answer,
    pacePercent: tasks.pace_percent,
    currency,
    deadlineMs: tasks.deadline_s === 0 ? null : tasks.deadline_s * MS_PER_S,
    timeoutRefund: tasks.timeout_refund,
    retryWindowMs: tasks.retry_window_s * MS_PER_S,
    refunds: {
      always: vendorIds(tasks.refund_always, 'refund_always'),
      notRefused: vendorIds(tasks.charge_refused, 'charge_refused'),
    },
  };
}

/** A name that is mistyped would change nothing, and nobody would notice. */
function vendorIds(names: readonly string[], setting: string): readonly string[] {
  const stray = names.find((name) => !Object.hasOwn(VENDORS, name));
  if (stray === undefined) return names;
  throw new Error(`tasks.${setting}: there is no vendor "${stray}".`);
}

function openInbox({ store, settings }: Booted, files: Files, { signer }: Links): Inbox {
  const { results, resources } = store;
  const bounds = inboxSettings(settings);
  return makeInbox({ clock: systemClock, files, results, resources, signer, settings: bounds });
}

function inboxSettings({ results }: Settings) {
  return {
    bytesMax: results.upload_mb_max * BYTES_PER_MB,
    accountBytesMax: results.account_mb_max * BYTES_PER_MB,
    handedLifeMs: results.upload_hours * MS_PER_HOUR,
  };
}

/** Links to files that jobs name, for vendors to fetch. */
function handedLinks(results: Links, inbox: Pick<Inbox, 'passOf'>): HandedLinks | null {
  const { publicUrl } = results;
  if (publicUrl === null) return null;
  return {
    ofFile: (accountId, id) => `${publicUrl}/uploads/${id}/${inbox.passOf(accountId, id)}`,
    ofOutput(accountId, taskId, index) {
      const endS = Math.floor((results.clock.nowMs() + results.linkLifeMs) / MS_PER_S);
      return linkTo({ accountId, taskId, index, endS }, results.signer, publicUrl);
    },
  };
}

function custodySettings({ results, timeouts }: Settings) {
  return {
    links: results.keep,
    bytesMax: results.file_mb_max * BYTES_PER_MB,
    accountBytesMax: results.account_mb_max * BYTES_PER_MB,
    lifeMs: results.life_hours === 0 ? null : results.life_hours * MS_PER_HOUR,
    connectMs: timeouts.connect_ms,
    fetchMs: FETCH_MS,
    idleMs: FETCH_IDLE_MS,
  };
}

async function openFiles({ results, data_dir: data }: Settings, secrets: Secrets): Promise<Files> {
  const { s3_bucket: bucket, s3_access_key_id: id, s3_secret_access_key: secret } = results;
  if (bucket === null) return makeDiskFiles(results.dir ?? join(data, 'results'));
  if (id === null || secret === null) {
    throw new Error('results: with s3_bucket, set s3_access_key_id and s3_secret_access_key.');
  }
  return makeS3Files({
    bucket,
    endpoint: results.s3_endpoint,
    region: results.s3_region,
    prefix: results.s3_prefix,
    accessKeyId: await secrets.read(id),
    secretAccessKey: await secrets.read(secret),
  });
}

/** Webhooks' own secrets are sealed; those of a task's own URL follow from the account. */
function webhookSecrets({ booted, masterKey }: TaskParts) {
  return {
    clock: systemClock,
    webhooks: booted.store.webhooks,
    sealer: makeSealer(masterKey),
    accountSecret: accountSecrets(masterKey),
  };
}

type Links = Omit<ResultEdge, 'desk' | 'files'>;

function resultEdge({ booted, masterKey }: TaskParts): Links {
  const { results, public_url: publicUrl } = booted.settings;
  return {
    clock: systemClock,
    signer: makeSigner(deriveKey(masterKey, LINK_PURPOSE)),
    linkLifeMs: results.link_hours * MS_PER_HOUR,
    publicUrl: publicUrl?.replace(/\/+$/, '') ?? null,
  };
}

function taskEdge({ relay, edge }: TaskParts, desk: TaskEdge['desk'], links: Links): TaskEdge {
  return {
    ...edge,
    desk,
    clock: systemClock,
    linkOf: (visit) => makeLinkOf(links, new URL(visit.request.url).origin),
    async resolve(name, accountId) {
      if (!isEndpointId(name)) return { model: name, endpoint: null };
      const endpoint = await relay.endpoints.find(name, accountId);
      if (endpoint === null) return { model: name, endpoint: null };
      if (endpoint.state === 'Stopped') throw new Fault('endpoint_stopped', { param: 'model' });
      return { model: endpoint.model, endpoint: endpoint.id };
    },
    async admit(visit: Visit) {
      const admission = await edge.limits.admit(callerOf(visit).key, 0);
      admission.leave(0);
    },
  };
}
