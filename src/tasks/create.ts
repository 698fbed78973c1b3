/** A wish becomes a task: checked, paid in advance, and on disk, before any vendor hears of it. */
import { Fault, storageFault, toFault } from '../kit/fault.ts';
import { newId, newName } from '../kit/ids.ts';
import { formatMoney } from '../kit/money.ts';
import { explainRefusal } from '../ledger/budget.ts';
import { coversAny, priceAtMost } from '../ledger/price.ts';
import type { HoldRow, TaskRow } from '../storage/ports.ts';
import type { TaskDeps } from './deps.ts';
import { type KeptJob, type TaskDoc, withEvent } from './doc.ts';
import { isCountable, quantities } from './finish.ts';
import { type Fitted, fit } from './fit.ts';
import { writeHanded } from './handed.ts';
import { checkOptions } from './options.ts';
import { askedHash, repeated } from './repeats.ts';
import type { Way } from './routes.ts';
import { writtenJob } from './vendor-job.ts';
import { guessKind, type TaskWish } from './wish.ts';

/** Time that its maker has to pay for a draft; then it is thrown away. */
const DRAFT_LIFE_MS = 60_000;
const TOKEN_CHARS = 32;
const SOURCES_MAX = 16;
const MS_PER_S = 1_000;

export interface Created {
  readonly row: TaskRow;
  /** It was made earlier: under the same Idempotency-Key, or by a request that was sent again. */
  readonly repeated: boolean;
}

export async function createTask(wish: TaskWish, deps: TaskDeps): Promise<Created> {
  const asked = askedHash(wish);
  const earlier = await repeated(wish, asked, deps);
  if (earlier !== undefined) return { row: earlier, repeated: true };
  await checkOpen(wish, deps);
  const job = await readJob(wish, deps);
  const { model, ways } = await capable(wish, job, deps);
  const affordable = wish.caller.unlimited ? ways : ways.filter(({ way }) => way.price !== null);
  const [first] = affordable;
  if (first === undefined) throw new Fault('no_price', { param: 'model' });
  const { amount, unpriced } = holdAmount(affordable, deps);
  if (unpriced !== null && !wish.caller.unlimited) {
    throw new Fault('no_price', {
      message: `This model is counted in ${unpriced}, of which its price here says nothing.`,
      param: 'model',
    });
  }
  const able = affordable.map(({ way }) => way.upstream.id);
  const making = { job: { ...job, able }, asked, model, ways: affordable, amount };
  const row = draft(wish, making, deps);
  if (!(await deps.tasks.insert(row))) {
    // Made by a twin of this request, a moment ago.
    const twin = await repeated(wish, asked, deps);
    if (twin === undefined) await checkOwnName(wish, deps);
    if (twin === undefined) throw new Fault('overloaded', { retryAfterS: 1 });
    return { row: twin, repeated: true };
  }
  const { priceId } = first.way;
  return { row: await payFor(row, { wish, amount, priceId }, deps), repeated: false };
}

/** A name stands for one job for ever, as at the vendors that know such names. */
async function checkOwnName({ caller, door, ownName }: TaskWish, deps: TaskDeps): Promise<void> {
  if (ownName === undefined) return;
  const taken = await deps.tasks.byOwnName(caller.accountId, door?.mount ?? '', ownName);
  if (taken === undefined) return;
  throw new Fault('invalid_request', {
    message: `There is a task of the name "${ownName.slice(0, 100)}" already.`,
  });
}

async function checkOpen({ caller }: TaskWish, deps: TaskDeps): Promise<void> {
  const { accountId } = caller;
  const open = await deps.tasks.count({ accountId, states: ['queued', 'running'], limit: 1 });
  if (open >= deps.settings.openMax) {
    throw new Fault('task_limit_exceeded', {
      message: `This account has ${open} open tasks, ${deps.settings.openMax} are allowed.`,
      retryAfterS: 10,
    });
  }
}

async function readJob(wish: TaskWish, deps: TaskDeps): Promise<Omit<KeptJob, 'asked'>> {
  const sources = await Promise.all(
    wish.sources.slice(0, SOURCES_MAX).map(async (shown) => {
      const row = await findTask(shown, wish.door?.mount ?? '', deps);
      if (row?.accountId !== wish.caller.accountId) {
        throw new Fault('resource_not_found', {
          message: `There is no task "${shown.slice(0, 100)}" in this account.`,
          param: 'input.source_task',
        });
      }
      if (row.vendorId === null) {
        throw new Fault('invalid_request', {
          message: `The task "${shown}" has not begun; only what has can be built on.`,
          param: 'input.source_task',
        });
      }
      return { shown, taskId: row.id, upstream: row.upstream, model: row.model };
    }),
  );
  const upstream = sources[0]?.upstream ?? null;
  if (sources.some((one) => one.upstream !== upstream)) {
    throw new Fault('invalid_request', {
      message: 'These tasks were made at different upstreams and cannot be used together.',
      param: 'input.source_task',
    });
  }
  const named = wish.model ?? sources[0]?.model;
  if (named === undefined) {
    throw new Fault('invalid_request', { message: 'model is required.', param: 'model' });
  }
  return {
    named,
    kind: wish.kind ?? '',
    prompt: wish.prompt,
    negativePrompt: wish.negativePrompt,
    media: wish.media,
    params: wish.params,
    options: wish.options,
    native: wish.native,
    sources: sources.map(({ shown, taskId }) => ({ shown, taskId })),
    upstream,
    vendor: wish.door?.vendor ?? null,
    ...(wish.leave === undefined ? {} : { leave: wish.leave }),
    ownId: newId('job').slice('job_'.length),
  };
}

/** A task by the id that callers know, at this door or at our own. */
export async function findTask(
  shown: string,
  mount: string,
  deps: Pick<TaskDeps, 'tasks'>,
): Promise<TaskRow | undefined> {
  const native = mount === '' ? undefined : await deps.tasks.byNativeId(mount, shown);
  return native ?? (await deps.tasks.byId(shown));
}

/** A way that can do it, and what it then is. */
interface Able extends Pick<Fitted, 'job' | 'dropped'> {
  readonly way: Way;
}

interface Capable {
  readonly model: string;
  readonly ways: readonly Able[];
}

type Draft = Omit<KeptJob, 'asked'>;

/** Upstreams that can take it as it stands. The first refusal speaks for all. */
async function capable(wish: TaskWish, job: Draft, deps: TaskDeps): Promise<Capable> {
  const { model, ways } = deps.routes.find(job.named, job.vendor);
  const { models, accountId } = wish.caller;
  const isNamed = wish.endpoint !== null && models?.has(wish.endpoint) === true;
  if (!isNamed && models?.has(model.id) === false) {
    throw new Fault('model_not_allowed', { param: 'model' });
  }
  if (wish.makes !== undefined && model.kind !== wish.makes) {
    throw new Fault('wrong_model_kind', {
      message: `The model "${model.id}" makes no ${wish.makes}: it is of the kind ${model.kind}.`,
      param: 'model',
    });
  }
  if (job.kind === '') Object.assign(job, { kind: guessKind(job.media, model.kind) });
  const able: Able[] = [];
  let refusal: Fault | null = null;
  for (const way of ways) {
    if (job.upstream !== null && job.upstream !== way.upstream.id) continue;
    try {
      checkKind(way, job);
      checkOptions(job.options, way.service);
      const handing = { accountId, service: way.service, whole: false };
      const handed = await writeHanded(job, handing, deps.handed);
      const words = { wireName: way.wireName, callbackUrl: null, handed };
      const tried = await writtenJob({ ...job, asked: '' }, words, deps);
      const { job: fitted, dropped } = fit(tried, job.leave ?? 'nothing', way.service);
      able.push({ way, job: fitted, dropped });
    } catch (thrown) {
      refusal ??= toFault(thrown);
    }
  }
  if (able.length === 0) throw refusal ?? elsewhere(job);
  return { model: model.id, ways: able };
}

/** It builds on a task of an upstream that does not serve this model. */
function elsewhere({ upstream, sources }: Draft): Fault {
  if (upstream === null) return new Fault('no_upstream');
  return new Fault('invalid_request', {
    message: `This model is not served where the task ${sources[0]?.shown ?? ''} was made.`,
    param: 'model',
  });
}

function checkKind({ service }: Way, { kind }: Draft): void {
  if (service.kinds.includes(kind)) return;
  throw new Fault('unsupported_parameter', {
    message: `This model does ${service.kinds.join(', ')}; not ${kind.slice(0, 40)}.`,
    param: 'kind',
  });
}

interface Held {
  readonly amount: bigint;
  /** Of what nobody says what it costs; null: there is no such thing. */
  readonly unpriced: string | null;
}

/** The most that any of them can cost. */
function holdAmount(ways: readonly Able[], deps: TaskDeps): Held {
  let amount = 0n;
  let unpriced: string | null = null;
  for (const { way, job } of ways) {
    if (way.price === null) continue;
    const bound = way.service.bound(job);
    if (!isCountable(bound)) {
      throw new Fault('invalid_request', {
        message: 'This job asks for an amount that cannot be counted: see its duration and count.',
        param: 'params',
      });
    }
    const counted = quantities(bound);
    const cost = priceAtMost(way.price, counted);
    if (cost > amount) amount = cost;
    if (coversAny(way.price, counted)) continue;
    unpriced = Object.keys(counted.units ?? {}).join(', ') || 'tokens';
    deps.log.warn('a price names nothing that is counted', { model: way.wireName, unpriced });
  }
  return { amount, unpriced };
}

interface Making {
  readonly job: Draft;
  readonly asked: string;
  readonly model: string;
  /** The first is tried first. */
  readonly ways: readonly Able[];
  readonly amount: bigint;
}

/** Ids begin with the time, which two tasks may share; their second half is chance. */
const randomHex = (): string => newId('x').slice(-16);

function draft(wish: TaskWish, making: Making, deps: TaskDeps): TaskRow {
  const nowMs = deps.clock.nowMs();
  const id = newId('task');
  const hex = randomHex() + randomHex();
  const { amount, asked, model, ways } = making;
  const { way, dropped } = ways[0] as Able;
  const job: KeptJob = { ...making.job, asked };
  const doc: TaskDoc = {
    requestId: wish.requestId,
    vendor: way.upstream.vendor.id,
    service: way.service.id,
    wireName: way.wireName,
    kept: {},
    priceId: null,
    currency: deps.settings.currency,
    deadlineMs: deadlineOf(wish, nowMs, deps),
    dropped,
    prices: Object.fromEntries(ways.map((one) => [one.way.upstream.id, one.way.priceId])),
    estimate: amount.toString(),
    charge: null,
    sentMs: null,
    startedMs: null,
    updatedMs: nowMs,
    detail: null,
    progress: null,
    polls: 0,
    tries: 0,
    lost: 0,
    troubles: 0,
    refusedBy: [],
    outcome: null,
    outputs: [],
    used: null,
    error: null,
    charged: false,
    metadata: wish.metadata,
    callback: wish.callback,
    events: [],
  };
  return {
    id,
    accountId: wish.caller.accountId,
    keyId: wish.caller.keyId,
    callId: newId('call'),
    mount: wish.door?.mount ?? '',
    nativeId: wish.door?.idOf(hex, nowMs) ?? id,
    kind: job.kind,
    model,
    upstream: way.upstream.id,
    vendorId: null,
    phase: 'draft',
    state: 'queued',
    cancelAsked: false,
    createdMs: nowMs,
    endedMs: null,
    nextMs: nowMs + DRAFT_LIFE_MS,
    leaseUntilMs: 0,
    leaseNo: 0,
    repeatKey: wish.repeatKey,
    ownName: wish.ownName ?? null,
    asked,
    unheard: false,
    token: newName(TOKEN_CHARS),
    events: 1,
    told: 0,
    job: JSON.stringify(job),
    doc: JSON.stringify(withEvent(doc, { id: newId('evt'), type: 'task.queued', atMs: nowMs })),
    body: null,
  };
}

/** The caller's own, or that of the settings. */
function deadlineOf(wish: TaskWish, nowMs: number, { settings }: TaskDeps): number | null {
  const lifeMs = wish.expiresInS === undefined ? settings.deadlineMs : wish.expiresInS * MS_PER_S;
  return lifeMs === null ? null : nowMs + lifeMs;
}

interface Payment {
  readonly amount: bigint;
  readonly priceId: string | null;
  readonly wish: TaskWish;
}

/** The hold is on disk before the task may be sent. */
async function payFor(row: TaskRow, payment: Payment, deps: TaskDeps): Promise<TaskRow> {
  const { wish, amount, priceId } = payment;
  const hold: HoldRow = {
    id: row.callId,
    accountId: row.accountId,
    keyId: row.keyId,
    keyBudgeted: wish.caller.keyBudgeted,
    requestId: wish.requestId,
    service: 'task',
    model: row.model,
    endpoint: wish.endpoint,
    stream: false,
    amount,
    // Slow jobs are counted in what they make, not in tokens.
    tokens: 0,
    priceId,
    startedMs: row.createdMs,
  };
  const verdict = await deps.ledger.hold(hold).catch((error: unknown) => {
    throw storageFault(error);
  });
  if (verdict !== 'held') {
    await deps.tasks.dropDraft(row.id);
    if (verdict !== 'insufficient_balance') {
      throw new Fault('budget_exceeded', { message: explainRefusal(verdict) });
    }
    throw new Fault('insufficient_balance', {
      message: `The account has less money left than this task may cost: ${formatMoney(amount)}.`,
    });
  }
  const paid: TaskRow = { ...row, phase: 'new', nextMs: deps.clock.nowMs() };
  if (!(await deps.tasks.save(row.id, row.leaseNo, paid))) throw new Fault('storage_unavailable');
  deps.changed(row.id);
  return paid;
}
