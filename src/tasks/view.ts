/** A task as our own API shows it. */

import { isObject, type Json, type JsonObject, parseJson } from '../kit/json.ts';
import { formatMoney } from '../kit/money.ts';
import type { Amounts } from '../vendors/long.ts';
import type { NativeView } from '../vendors/native.ts';
import type { Task, TaskOutput } from './doc.ts';
import { resolutionOf } from './measure.ts';
import { replaceWords } from './vendor-job.ts';

/** Where an output is fetched; null: nowhere any more. */
export interface LinkOf {
  (task: Task, index: number): string | null;
  /** Proves without a key, for a while, that this task may be watched. */
  readonly passOf: (task: Task) => string;
  /** Where this gateway is, as the reader knows it. */
  readonly origin: string;
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export function showTask(task: Task, linkOf: LinkOf): JsonObject {
  const { row, doc, job } = task;
  return {
    id: row.id,
    object: 'task',
    kind: row.kind,
    model: row.model,
    status: row.state,
    status_detail: detailOf(task),
    progress: doc.progress,
    progress_source: doc.progress === null ? null : 'upstream',
    outputs: row.state === 'succeeded' ? showOutputs(task, linkOf) : [],
    error: showError(task),
    usage: showUsage(task),
    cost: showCost(task),
    warnings: showWarnings(task),
    metadata: doc.metadata ?? {},
    parent_task: job.sources[0]?.taskId ?? null,
    provider: doc.vendor,
    call_id: row.callId,
    created_at: iso(row.createdMs),
    submitted_at: row.vendorId === null ? null : iso(doc.sentMs),
    started_at: iso(doc.startedMs),
    completed_at: iso(row.endedMs),
    updated_at: iso(doc.updatedMs),
    expires_at: iso(doc.deadlineMs ?? null),
  };
}

/** Reserved is what is held for it now: all that it may cost, and nothing once it is settled. */
function showCost({ row, doc }: Task): JsonObject {
  const estimated = formatMoney(BigInt(doc.estimate));
  return {
    currency: doc.currency ?? null,
    estimated,
    reserved: row.endedMs === null ? estimated : formatMoney(0n),
    final: doc.charge === null ? null : formatMoney(BigInt(doc.charge)),
    price_id: doc.priceId,
  };
}

/** What the caller let us leave out. Of a size written two ways one is always left out. */
function showWarnings({ job, doc }: Task): Json {
  if (job.leave !== 'params') return [];
  return (doc.dropped ?? []).map((name) => ({
    code: 'unsupported_parameter',
    param: name === 'negative_prompt' ? 'input.negative_prompt' : `params.${name}`,
    message: `${name}: the vendor does not take it, so it was left out.`,
  }));
}

function detailOf({ row, doc }: Task): string | null {
  if (row.endedMs !== null) return null;
  return row.cancelAsked ? 'canceling' : doc.detail;
}

function showOutputs(task: Task, linkOf: LinkOf): Json {
  return task.doc.outputs.map((output, index) => ({
    index,
    type: output.type,
    role: output.role,
    url: linkOf(task, index),
    ...showFile(output),
  }));
}

function showFile({ file, lost }: TaskOutput): JsonObject {
  if (file === null) return { kept: false, ...(lost === null ? {} : { problem: lost }) };
  return {
    kept: true,
    mime: file.mime,
    bytes: file.bytes,
    sha256: file.sha256,
    width: file.width,
    height: file.height,
    duration: file.durationMs === null ? null : file.durationMs / 1_000,
    expires_at: iso(file.expiresMs),
  };
}

function showError({ row, doc }: Task): Json {
  if (doc.error === null || row.state !== 'failed') return null;
  const { code, message, retryable, vendorCode } = doc.error;
  return { code, message, retryable, charged: doc.charged, provider: { code: vendorCode } };
}

const MS_PER_S = 1_000;
const MILLI = 1_000;

/** What was counted, by whom, and what was made. */
function showUsage({ doc }: Task): Json {
  const amounts = doc.counted?.amounts ?? doc.used;
  if (amounts === null) return null;
  const { inputTokens = 0, outputTokens = 0, units = {}, traits = {} } = amounts;
  const main = doc.outputs.filter(({ role }) => role === 'main');
  const lengths = main.flatMap(({ file }) => file?.durationMs ?? []);
  const seconds = lengths.reduce((sum, ms) => sum + ms, 0) / MS_PER_S;
  return {
    source: doc.counted?.source ?? 'vendor',
    ...quantityOf(amounts),
    output_seconds: lengths.length === 0 ? null : seconds,
    resolution: resolutionOf(main[0]?.file ?? undefined),
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    units,
    traits,
  };
}

/** The one quantity that a person looks for. */
function quantityOf({ inputTokens = 0, outputTokens = 0, units = {} }: Amounts): JsonObject {
  if (inputTokens + outputTokens > 0)
    return { unit: 'token', quantity: inputTokens + outputTokens };
  const ms = units.video_ms ?? units.audio_ms;
  if (ms !== undefined) return { unit: 'second', quantity: ms / MS_PER_S };
  const { credit, credit_milli: milli } = units;
  if (credit !== undefined) return { unit: 'credit', quantity: credit };
  if (milli !== undefined) return { unit: 'credit', quantity: milli / MILLI };
  const items = ITEMS.flatMap((unit) => units[unit] ?? []);
  return { unit: 'item', quantity: items.reduce((sum, count) => sum + count, 0) };
}

const ITEMS = ['image', 'video', 'audio', 'run', 'task'];

/** As the vendor's own paths show it: the vendor's last words with our ids and links. */
export function nativeView(task: Task, linkOf: LinkOf): NativeView {
  const { row, doc, job } = task;
  const said: Json = row.body === null ? null : (parseJson(row.body) ?? null);
  const words = new Map<string, string>();
  if (row.vendorId !== null) words.set(row.vendorId, row.nativeId);
  for (const [index, { url, file }] of doc.outputs.entries()) {
    if (file !== null) words.set(url, linkOf(task, index) ?? url);
  }
  const body = said === null ? null : replaceWords(said, words);
  const error = doc.error;
  return {
    base: linkOf.origin + row.mount,
    id: row.nativeId,
    pass: linkOf.passOf(task),
    model: job.named,
    state: row.state,
    body: isObject(body) ? body : null,
    asked: job.native?.body ?? {},
    error:
      error === null || row.state !== 'failed'
        ? null
        : { code: error.vendorCode, message: error.message, cause: 'caller' },
    createdMs: row.createdMs,
    updatedMs: doc.updatedMs,
  };
}
