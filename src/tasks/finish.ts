/** The end of a task: results into our keeping, money settled, and only then the state. */
import { coversAny, type Price, priceCall, restorePrice } from '../ledger/price.ts';
import type { EndReason, Quantities, SettleRow } from '../storage/ports.ts';
import type { Amounts } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import type { Task, TaskDoc } from './doc.ts';
import { type SaveDeps, save } from './hold-on.ts';
import type { Way } from './routes.ts';
import { vendorJob } from './vendor-job.ts';

const LEASE_MS = 150_000;

/** What it takes to end a task. */
export type FinishDeps = SaveDeps &
  Pick<TaskDeps, 'keep' | 'ledger'> & {
    readonly settings: Pick<TaskDeps['settings'], 'publicUrl'>;
  };

export async function finish(
  task: Task,
  place: Pick<Way, 'upstream' | 'service'> | null,
  deps: FinishDeps,
): Promise<Task> {
  const outcome = task.doc.outcome ?? 'failed';
  let kept = task;
  const isWanted = task.doc.outputs.some(({ file, lost }) => file === null && lost === null);
  if (outcome === 'succeeded' && deps.keep !== null && isWanted) {
    const { row } = task;
    const renew = () => deps.tasks.renew(row.id, row.leaseNo, deps.clock.nowMs() + LEASE_MS);
    const storing = await save(task, { doc: { detail: 'storing' } }, deps);
    const doc = await deps.keep({ ...row, doc: storing.doc }, renew);
    kept = await save(storing, { doc }, deps);
  }
  const price = await priceOf(kept.doc, deps);
  const counted = await count(kept, { place, price }, deps);
  const isFree = price === null || counted === null;
  const charge = isFree ? 0n : priceCall(price, counted.quantities);
  // Says already_settled where an earlier process came as far and no further.
  await deps.ledger.settle(settlement(kept, { counted, charge, nowMs: deps.clock.nowMs() }));
  const nextMs = deps.clock.nowMs();
  const end = { charge: charge.toString(), detail: null, progress: doneProgress(kept.doc) };
  return save(kept, { phase: 'done', state: outcome, nextMs, doc: end }, deps);
}

/** Ends its call in the books without a charge. */
export async function release(task: Task, deps: FinishDeps): Promise<void> {
  const sum = { counted: null, charge: 0n, nowMs: deps.clock.nowMs() };
  await deps.ledger.settle(settlement(task, sum));
}

function doneProgress({ outcome, progress }: TaskDoc): number | null {
  return outcome === 'succeeded' && progress !== null ? 100 : progress;
}

interface Counted {
  readonly quantities: Quantities;
  readonly source: SettleRow['usageSource'];
}

interface Scale {
  readonly place: Pick<Way, 'upstream' | 'service'> | null;
  readonly price: Price | null;
}

/**
 * What the vendor says it used; else the length of what it made; else what was asked for. Where the
 * price does not know the vendor's units it is the latter too, with the vendor's beside it.
 */
async function count(
  task: Task,
  { place, price }: Scale,
  deps: FinishDeps,
): Promise<Counted | null> {
  const { doc } = task;
  if (!doc.charged) return null;
  const used = doc.used === null ? null : quantities(doc.used);
  const isPriced = used !== null && (price === null || coversAny(price, used));
  if (used !== null && (isPriced || place === null)) return { quantities: used, source: 'vendor' };
  if (place === null) return null;
  const job = await vendorJob(task, { ...place, wireName: doc.wireName }, deps);
  const asked = quantities(measured(place.service.bound(job), doc));
  if (used === null) return { quantities: asked, source: 'estimate' };
  const units = { ...asked.units, ...used.units };
  const traits = { ...asked.traits, ...used.traits };
  return { quantities: { ...asked, units, traits }, source: 'estimate' };
}

/** Units of time by what the files themselves say. */
function measured(asked: Amounts, doc: TaskDoc): Amounts {
  const main = doc.outputs.find(({ role }) => role === 'main')?.file?.durationMs ?? null;
  if (main === null || asked.units === undefined) return asked;
  const units = Object.entries(asked.units).map(([unit, value]) =>
    unit === 'video_ms' || unit === 'audio_ms' ? [unit, main] : [unit, value],
  );
  return { ...asked, units: Object.fromEntries(units) as Record<string, number> };
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
async function priceOf(doc: TaskDoc, deps: FinishDeps): Promise<Price | null> {
  if (doc.priceId === null) return null;
  const snapshot = await deps.tasks.priceText(doc.priceId);
  return snapshot === undefined ? null : restorePrice(snapshot);
}

const REASONS: Readonly<Record<string, EndReason>> = Object.freeze({
  succeeded: 'complete',
  canceled: 'canceled',
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
    quantities: counted?.quantities ?? null,
    usageSource: counted?.source ?? 'none',
    endReason: REASONS[doc.outcome ?? ''] ?? refused,
    fault: doc.error?.code ?? null,
    upstream: row.upstream,
    wireModel: doc.wireName,
    priceId: doc.priceId,
    attempts: '[]',
    queuedMs: Math.max(0, (doc.sentMs ?? nowMs) - row.createdMs),
    firstByteMs: null,
    totalMs: Math.max(0, nowMs - row.createdMs),
    evidence: counted?.source === 'estimate' ? 'the vendor reported nothing that is priced' : null,
  };
}
