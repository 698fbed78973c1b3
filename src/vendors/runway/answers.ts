/** What Runway says of a task. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { VendorTask } from '../job.ts';
import type { Amounts, JobError, Reading, Reply } from '../long.ts';

const PERCENT = 100;
const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  PENDING: 'queued',
  // More at once than our tier allows: it waits there.
  THROTTLED: 'queued',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'canceled',
});

export function read({ body }: Reply, { kept }: VendorTask): Reading | null {
  if (!isObject(body) || typeof body.status !== 'string') return null;
  // A word that is not known yet is no end.
  const state = STATES[body.status] ?? 'running';
  const used = usedOf(body);
  const base = { state, detail: body.status, ...(used === null ? {} : { used }) };
  if (state === 'failed') return { ...base, error: errorOf(body, used) };
  if (state !== 'succeeded') {
    const { progress } = body;
    const isKnown = typeof progress === 'number' && progress >= 0 && progress <= 1;
    return isKnown ? { ...base, progress: Math.round(progress * PERCENT) } : base;
  }
  const urls = Array.isArray(body.output) ? (body.output as readonly Json[]) : [];
  const type = kept.makes === 'image' || kept.makes === 'audio' ? kept.makes : 'video';
  const outputs = urls.flatMap((url) =>
    typeof url === 'string' ? [{ type, role: 'main', url } as const] : [],
  );
  return { ...base, outputs };
}

/** Only of tasks that are over: before, it is an estimate under another name. */
function usedOf({ cost }: JsonObject): Amounts | null {
  const credits = isObject(cost) ? cost.credits : undefined;
  if (typeof credits !== 'number' || !Number.isFinite(credits) || credits < 0) return null;
  return { units: { credit: Math.ceil(credits) } };
}

function errorOf(body: JsonObject, used: Amounts | null): JobError {
  const code = typeof body.failureCode === 'string' ? body.failureCode : null;
  const message = typeof body.failure === 'string' ? body.failure : 'The task failed.';
  const isRefusal = /^(SAFETY|ASSET)/.test(code ?? '');
  // What the input was refused for is charged by the vendor, and so is it here.
  const isCharged = used === null ? code?.startsWith('SAFETY.INPUT') : used.units?.credit !== 0;
  const charged = isCharged === true ? { charged: true } : {};
  return { code, message, cause: isRefusal ? 'caller' : 'down', ...charged };
}
