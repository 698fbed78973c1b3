/** The end of a task: results into our keeping, money settled, and only then the state. */
import { coversAny, type Price, priceCall, restorePrice } from '../ledger/price.ts';
import type { EndReason, Quantities, SettleRow } from '../storage/ports.ts';
import type { Amounts } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import type { Counted, Task, TaskDoc } from './doc.ts';
import { LEASE_MS, type SaveDeps, save } from './hold-on.ts';
import { measure } from './measure.ts';
import { askLinks } from './poll.ts';
import type { Way } from './routes.ts';
import { vendorJob } from './vendor-job.ts';

type Place = Pick<Way, 'upstream' | 'service'>;

/** What it takes to end a task. */
export type EndDeps = SaveDeps &
  Pick<TaskDeps, 'ledger'> & {
    readonly settings: Pick<TaskDeps['settings'], 'publicUrl'>;
  };

export async function finish(task: Task, place: Place | null, deps: TaskDeps): Promise<Task> {
  const isWanted = task.doc.outputs.some(({ file, lost }) => file === null && lost === null);
  if (task.doc.outcome !== 'succeeded' || deps.keep === null || !isWanted) {
    return end(task, place, deps);
  }
  const storing = await save(task, { doc: { detail: 'storing' } }, deps);
  return end(await keepResults(storing, place, deps), place, deps);
}

/** Its money, and then its state. */
export async function end(task: Task, place: Place | null, deps: EndDeps): Promise<Task> {
  const price = await priceOf(task.doc, deps);
  const counted = await count(task, { place, price }, deps);
  const charge =
    counted === null || price === null ? 0n : priceCall(price, quantities(counted.amounts));
  // Says already_settled where an earlier process came as far and no further.
  await deps.ledger.settle(settlement(task, { counted, charge, nowMs: deps.clock.nowMs() }));
  const nextMs = deps.clock.nowMs();
  const doc = {
    ...{ charge: charge.toString(), counted, detail: null },
    progress: doneProgress(task.doc),
  };
  return save(task, { phase: 'done', state: task.doc.outcome ?? 'failed', nextMs, doc }, deps);
}

async function keepResults(task: Task, place: Place | null, deps: TaskDeps): Promise<Task> {
  const { row } = task;
  const renew = () => deps.tasks.renew(row.id, row.leaseNo, deps.clock.nowMs() + LEASE_MS);
  let { body } = row;
  const relink = async () => {
    const fresh = place === null ? null : await askLinks(task, place, deps);
    if (fresh !== null) body = fresh.body;
    return fresh?.outputs ?? null;
  };
  const doc = await deps.keep?.({ ...row, doc: task.doc }, { renew, relink });
  return doc === undefined ? task : save(task, { doc, body }, deps);
}

/** Ends its call in the books without a charge. */
export async function release(task: Task, deps: EndDeps): Promise<void> {
  const sum = { counted: null, charge: 0n, nowMs: deps.clock.nowMs() };
  await deps.ledger.settle(settlement(task, sum));
}

function doneProgress({ outcome, progress }: TaskDoc): number | null {
  return outcome === 'succeeded' && progress !== null ? 100 : progress;
}

interface Counting {
  readonly place: Pick<Way, 'upstream' | 'service'> | null;
  readonly price: Price | null;
}

/**
 * What the vendor says it used; else what its files say; else what was asked for. Where the price
 * does not know the vendor's units it is the latter too, with the vendor's beside it.
 */
async function count(
  task: Task,
  { place, price }: Counting,
  deps: EndDeps,
): Promise<Counted | null> {
  const { doc } = task;
  if (!doc.charged) return null;
  const used = doc.used !== null && isCountable(doc.used) ? doc.used : null;
  const isPriced = price === null || (used !== null && coversAny(price, quantities(used)));
  if (used !== null && (isPriced || place === null)) return { amounts: used, source: 'vendor' };
  if (place === null) return null;
  const job = await vendorJob(task, { ...place, wireName: doc.wireName }, deps);
  const asked = place.service.bound(job);
  const hasLine = (trait: string, value: string): boolean =>
    price?.rates.some(({ when }) => when[trait] === value) === true;
  const made = measure(asked, doc, hasLine);
  const best = made ?? asked;
  const units = { ...best.units, ...used?.units };
  const traits = { ...best.traits, ...used?.traits };
  const amounts = used === null ? best : { ...best, units, traits };
  return { amounts, source: made === null ? 'request' : 'file' };
}

/** Whole numbers that money can be reckoned with. */
export function isCountable({ inputTokens = 0, outputTokens = 0, units = {} }: Amounts): boolean {
  const all = [inputTokens, outputTokens, ...Object.values(units)];
  return all.every((one) => Number.isSafeInteger(one) && one >= 0);
}

export function quantities(amounts: Amounts): Quantities {
  return {
    inputTokens: amounts.inputTokens ?? 0,
    outputTokens: amounts.outputTokens ?? 0,
    cachedInputTokens: 0,
    reasoningTokens: 0,
    ...(amounts.units === undefined ? {} : { units: amounts.units }),
    ...(amounts.traits === undefined ? {} : { traits: amounts.traits }),
  };
}

/** That by which it was held. */
async function priceOf(doc: TaskDoc, deps: EndDeps): Promise<Price | null> {
  if (doc.priceId === null) return null;
  const snapshot = await deps.tasks.priceText(doc.priceId);
  return snapshot === undefined ? null : restorePrice(snapshot);
}

const REASONS: Readonly<Record<string, EndReason>> = Object.freeze({
  succeeded: 'complete',
  canceled: 'canceled',
});

const EVIDENCE: Readonly<Record<Counted['source'], string | null>> = Object.freeze({
  vendor: null,
  file: 'the vendor reported no quantities; counted by the files that it made',
  request: 'the vendor reported no quantities; counted by what was asked for',
});

interface Sum {
  readonly counted: Counted | null;
  readonly charge: bigint;
  readonly nowMs: number;
}

function settlement({ row, doc }: Task, { counted, charge, nowMs }: Sum): SettleRow {
  const refused = doc.error?.code === 'vendor_rejected' ? 'refused' : 'vendor_fault';
  return {
    id: row.callId,
    state: counted === null ? 'released' : 'charged',
    charge,
    quantities: counted === null ? null : quantities(counted.amounts),
    usageSource: counted === null ? 'none' : counted.source === 'vendor' ? 'vendor' : 'estimate',
    endReason: REASONS[doc.outcome ?? ''] ?? refused,
    fault: doc.error?.code ?? null,
    upstream: row.upstream,
    wireModel: doc.wireName,
    priceId: doc.priceId,
    attempts: '[]',
    queuedMs: Math.max(0, (doc.sentMs ?? nowMs) - row.createdMs),
    firstByteMs: null,
    totalMs: Math.max(0, nowMs - row.createdMs),
    evidence: EVIDENCE[counted?.source ?? 'vendor'],
  };
}
