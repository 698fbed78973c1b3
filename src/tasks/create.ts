/** A wish becomes a task: checked, paid in advance, and on disk, before any vendor hears of it. */
import { Fault, storageFault, toFault } from '../kit/fault.ts';
import { hashSecret, newId, newName } from '../kit/ids.ts';
import { formatMoney } from '../kit/money.ts';
import { explainRefusal } from '../ledger/budget.ts';
import { coversAny, priceAtMost } from '../ledger/price.ts';
import type { HoldRow, TaskRow } from '../storage/ports.ts';
import type { TaskDeps } from './deps.ts';
import { type KeptJob, openTask, type TaskDoc, withEvent } from './doc.ts';
import { quantities } from './finish.ts';
import type { Way } from './routes.ts';
import { writtenJob } from './vendor-job.ts';
import { guessKind, type TaskWish } from './wish.ts';

const REPEAT_LIFE_MS = 24 * 3_600_000;
/** Time that its maker has to pay for a draft; then it is thrown away. */
const DRAFT_LIFE_MS = 60_000;
const TOKEN_CHARS = 32;
const SOURCES_MAX = 16;

export interface Created {
  readonly row: TaskRow;
  /** It was made earlier, under the same Idempotency-Key. */
  readonly repeated: boolean;
}

export async function createTask(wish: TaskWish, deps: TaskDeps): Promise<Created> {
  const asked = hashSecret(JSON.stringify({ ...wish, requestId: '', caller: '', door: '' }));
  const earlier = await repeated(wish, asked, deps);
  if (earlier !== undefined) return { row: earlier, repeated: true };
  await checkOpen(wish, deps);
  const job = await readJob(wish, deps);
  const { model, ways } = await capable(wish, job, deps);
  const affordable = wish.caller.unlimited ? ways : ways.filter(({ price }) => price !== null);
  if (affordable.length === 0) throw new Fault('no_price', { param: 'model' });
  const { amount, unpriced } = await holdAmount(job, affordable, deps);
  if (unpriced !== null && !wish.caller.unlimited) {
    throw new Fault('no_price', {
      message: `This model is counted in ${unpriced}, of which its price here says nothing.`,
      param: 'model',
    });
  }
  const row = draft(wish, { job, asked, model, ways: affordable, amount }, deps);
  if (!(await deps.tasks.insert(row))) {
    // Made by a twin of this request, a moment ago.
    const twin = await repeated(wish, asked, deps);
    if (twin === undefined) throw new Fault('overloaded', { retryAfterS: 1 });
    return { row: twin, repeated: true };
  }
  const priceId = affordable[0]?.priceId ?? null;
  return { row: await payFor(row, { wish, amount, priceId }, deps), repeated: false };
}

async function repeated(
  { repeatKey, caller }: TaskWish,
  asked: string,
  deps: TaskDeps,
): Promise<TaskRow | undefined> {
  if (repeatKey === null) return undefined;
  const row = await deps.tasks.byRepeatKey(caller.accountId, repeatKey);
  if (row === undefined) return undefined;
  // Whoever makes it is at it, or has just died of it.
  if (row.phase === 'draft') throw new Fault('overloaded', { retryAfterS: 1 });
  if (row.createdMs < deps.clock.nowMs() - REPEAT_LIFE_MS) {
    await deps.tasks.forgetRepeatKey(row.id);
    return undefined;
  }
  if (openTask(row).job.asked !== asked) throw new Fault('idempotency_mismatch');
  return row;
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

interface Capable {
  readonly model: string;
  readonly ways: readonly Way[];
}

type Draft = Omit<KeptJob, 'asked'>;

/** Upstreams that can take it as it stands. The first refusal speaks for all. */
async function capable(wish: TaskWish, job: Draft, deps: TaskDeps): Promise<Capable> {
  const { model, ways } = deps.routes.find(job.named, job.vendor);
  const { models } = wish.caller;
  const isNamed = wish.endpoint !== null && models?.has(wish.endpoint) === true;
  if (!isNamed && models?.has(model.id) === false) {
    throw new Fault('model_not_allowed', { param: 'model' });
  }
  if (job.kind === '') Object.assign(job, { kind: guessKind(job.media, model.kind) });
  const able: Way[] = [];
  let refusal: Fault | null = null;
  for (const way of ways) {
    if (job.upstream !== null && job.upstream !== way.upstream.id) continue;
    try {
      checkKind(way, job);
      way.service.start(await tryJob(job, way, deps));
      able.push(way);
    } catch (thrown) {
      refusal ??= toFault(thrown);
    }
  }
  if (able.length === 0) throw refusal ?? new Fault('no_upstream');
  return { model: model.id, ways: able };
}

function checkKind({ service }: Way, { kind }: Draft): void {
  if (service.kinds.includes(kind)) return;
  throw new Fault('unsupported_parameter', {
    message: `This model does ${service.kinds.join(', ')}; not ${kind.slice(0, 40)}.`,
    param: 'kind',
  });
}

function tryJob(job: Draft, way: Way, deps: TaskDeps) {
  const words = { wireName: way.wireName, callbackUrl: null };
  return writtenJob({ ...job, asked: '' }, words, deps);
}

interface Held {
  readonly amount: bigint;
  /** Of what nobody says what it costs; null: there is no such thing. */
  readonly unpriced: string | null;
}

/** The most that any of them can cost. */
async function holdAmount(job: Draft, ways: readonly Way[], deps: TaskDeps): Promise<Held> {
  let amount = 0n;
  let unpriced: string | null = null;
  for (const way of ways) {
    if (way.price === null) continue;
    const bound = quantities(way.service.bound(await tryJob(job, way, deps)));
    const cost = priceAtMost(way.price, bound);
    if (cost > amount) amount = cost;
    if (coversAny(way.price, bound)) continue;
    unpriced = Object.keys(bound.units ?? {}).join(', ') || 'tokens';
    deps.log.warn('a price names nothing that is counted', { model: way.wireName, unpriced });
  }
  return { amount, unpriced };
}

interface Making {
  readonly job: Draft;
  readonly asked: string;
  readonly model: string;
  /** The first is tried first. */
  readonly ways: readonly Way[];
  readonly amount: bigint;
}

/** Ids begin with the time, which two tasks may share; their second half is chance. */
const randomHex = (): string => newId('x').slice(-16);

function draft(wish: TaskWish, making: Making, deps: TaskDeps): TaskRow {
  const nowMs = deps.clock.nowMs();
  const id = newId('task');
  const hex = randomHex() + randomHex();
  const { ways, amount, asked, model } = making;
  const first = ways[0] as Way;
  const job: KeptJob = { ...making.job, asked };
  const doc: TaskDoc = {
    requestId: wish.requestId,
    vendor: first.upstream.vendor.id,
    service: first.service.id,
    wireName: first.wireName,
    kept: {},
    priceId: null,
    prices: Object.fromEntries(ways.map((way) => [way.upstream.id, way.priceId])),
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
    upstream: first.upstream.id,
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
    token: newName(TOKEN_CHARS),
    events: 1,
    told: 0,
    job: JSON.stringify(job),
    doc: JSON.stringify(withEvent(doc, { id: newId('evt'), type: 'task.queued', atMs: nowMs })),
    body: null,
  };
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
