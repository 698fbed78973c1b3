/** A task as our own API shows it. */

import { isObject, type Json, type JsonObject, parseJson } from '../kit/json.ts';
import { formatMoney } from '../kit/money.ts';
import type { NativeView } from '../vendors/native.ts';
import type { Task, TaskOutput } from './doc.ts';
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
    cost: {
      estimated: formatMoney(BigInt(doc.estimate)),
      final: doc.charge === null ? null : formatMoney(BigInt(doc.charge)),
      price_id: doc.priceId,
    },
    metadata: doc.metadata ?? {},
    parent_task: job.sources[0]?.taskId ?? null,
    provider: doc.vendor,
    call_id: row.callId,
    created_at: iso(row.createdMs),
    submitted_at: row.vendorId === null ? null : iso(doc.sentMs),
    started_at: iso(doc.startedMs),
    completed_at: iso(row.endedMs),
    updated_at: iso(doc.updatedMs),
  };
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

function showUsage({ doc }: Task): Json {
  if (doc.used === null) return null;
  const { inputTokens = 0, outputTokens = 0, units = {}, traits = {} } = doc.used;
  return { input_tokens: inputTokens, output_tokens: outputTokens, units, traits };
}

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
