/** A task in Kling's own words. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { NativeView } from '../native.ts';

const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'submitted',
  running: 'processing',
  succeeded: 'succeed',
  failed: 'failed',
  canceled: 'failed',
});

const text = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** The `data` of an answer: the vendor's last words, but for what is ours. */
export function show(view: NativeView): JsonObject {
  const said = dataOf(view);
  const { task_result: result, task_info: info, ...rest } = said;
  const mine = text(view.asked.external_task_id);
  const { external_task_id: _, ...others } = isObject(info) ? info : {};
  return {
    ...rest,
    task_id: view.id,
    task_status: WORDS[view.state],
    ...(view.error === null ? {} : { task_status_msg: view.error.message }),
    task_info: { ...others, ...(mine === null ? {} : { external_task_id: mine }) },
    created_at: view.createdMs,
    updated_at: view.updatedMs,
    // Not before results are where our links lead.
    ...(view.state === 'succeeded' && isObject(result) ? { task_result: named(result, view) } : {}),
  };
}

function dataOf({ body }: NativeView): JsonObject {
  return body !== null && isObject(body.data) ? body.data : {};
}

/** A task's first video bears the task's id, so that one that builds on it can be told whose. */
function named(result: JsonObject, { id }: NativeView): JsonObject {
  if (!Array.isArray(result.videos)) return result;
  const videos = result.videos as readonly Json[];
  const ours = videos.map((one, at) => (at === 0 && isObject(one) ? { ...one, id } : one));
  return { ...result, videos: ours };
}

export function envelope(view: NativeView): JsonObject {
  const requestId = text(view.body?.request_id) ?? view.id;
  return { code: 0, message: 'SUCCEED', request_id: requestId, data: show(view) };
}

/** The faces that were found, under the id of a session of ours. */
export function faces(view: NativeView): JsonObject {
  return { ...envelope(view), data: { ...dataOf(view), session_id: view.id } };
}
