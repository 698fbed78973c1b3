/** How videos look to clients of OpenAI and of new-api, and what they ask for. */
import { Fault } from '../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../kit/json.ts';
import type { Task } from '../tasks/doc.ts';
import { isHanded } from '../tasks/handed.ts';
import type { LinkOf } from '../tasks/view.ts';
import type { JobParams } from '../tasks/wish.ts';

const VIDEO_ID = /^video_/;
const SIZE = /^(\d{2,5})x(\d{2,5})$/;
const MS_PER_S = 1_000;
const SECONDS_MAX = 3_600;

/** Both names of one task: `video_…` and `task_…`. */
export function videoId(taskId: string): string {
  return taskId.replace(/^task_/, 'video_');
}

export function taskId(id: string): string {
  return id.replace(VIDEO_ID, 'task_');
}

export function wrong(param: string, why: string): Fault {
  return new Fault('invalid_request', { message: `${param} ${why}.`, param });
}

export function readText(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(name, 'is required');
}

/** A URL of a picture or video, or the name of a file of ours; null: none was given. */
export function readUrl(given: Json | undefined, param: string): string | null {
  const url = isObject(given) ? (given.image_url ?? given.url ?? fileOf(given)) : given;
  if (url === null || url === undefined) return null;
  if (typeof url === 'string' && (/^(https?:|data:)/.test(url) || isHanded(url))) return url;
  throw wrong(param, 'must be a file, an https or data URL, or the url of an upload');
}

function fileOf({ file_id: id }: JsonObject): string | undefined {
  return typeof id === 'string' ? `gw-file://${id}` : undefined;
}

/** Fields of a vendor's own; in a form they are JSON in a string. */
export function readOptions({ provider_options: said }: JsonObject): JsonObject {
  if (said === undefined) return {};
  if (isObject(said)) return said;
  throw wrong('provider_options', 'must be an object');
}

/** Seconds and size, as text or number; width and height say resolution and shape as well. */
export function readParams(body: JsonObject): JobParams {
  const seconds = body.seconds ?? body.duration;
  const durationS = seconds === undefined ? undefined : Number(seconds);
  if (durationS !== undefined && !(durationS > 0 && durationS <= SECONDS_MAX)) {
    throw wrong('seconds', 'must be a number');
  }
  const size = typeof body.size === 'string' ? SIZE.exec(body.size) : null;
  if (body.size !== undefined && size === null) throw wrong('size', 'must be such as 1280x720');
  const seed = typeof body.seed === 'number' ? { seed: body.seed } : {};
  return {
    ...(durationS === undefined ? {} : { durationS }),
    ...(size === null ? {} : shapeOf(Number(size[1]), Number(size[2]))),
    ...seed,
  };
}

function shapeOf(width: number, height: number): JobParams {
  const divide = (a: number, b: number): number => (b === 0 ? a : divide(b, a % b));
  const common = divide(width, height);
  return {
    size: `${width}x${height}`,
    resolution: `${Math.min(width, height)}p`,
    aspectRatio: `${width / common}:${height / common}`,
  };
}

export const STATES: Readonly<Record<Task['row']['state'], string>> = Object.freeze({
  queued: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'failed',
});

export function showVideo(task: Task): JsonObject {
  const { row, doc, job } = task;
  const { durationS, size = null } = job.params;
  const isCanceled = row.state === 'canceled';
  const error = isCanceled ? { code: 'canceled', message: 'It was canceled.' } : doc.error;
  const source = job.sources[0]?.taskId ?? null;
  return {
    id: videoId(row.id),
    object: 'video',
    model: job.named,
    status: STATES[row.state],
    progress: row.state === 'succeeded' ? 100 : (doc.progress ?? 0),
    prompt: job.prompt,
    seconds: durationS === undefined ? null : String(durationS),
    size: madeSize(task) ?? size,
    created_at: Math.floor(row.createdMs / MS_PER_S),
    completed_at: row.endedMs === null ? null : Math.floor(row.endedMs / MS_PER_S),
    expires_at: toS(doc.outputs[0]?.file?.expiresMs ?? null),
    remixed_from_video_id: source === null ? null : videoId(source),
    error:
      row.state === 'failed' || isCanceled
        ? { code: error?.code ?? 'failed', message: error?.message ?? '' }
        : null,
  };
}

/** By the file itself. */
function madeSize({ doc }: Task): string | null {
  const { width = null, height = null } = doc.outputs[0]?.file ?? {};
  return width === null || height === null ? null : `${width}x${height}`;
}

function toS(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / MS_PER_S);
}

/** The shape of new-api's own video route. */
export function showGeneration(task: Task, linkOf: LinkOf): JsonObject {
  const { row, doc } = task;
  const main = doc.outputs.findIndex(({ role }) => role === 'main');
  const url = row.state === 'succeeded' ? linkOf(task, main) : null;
  const { code = '', message = '' } = row.state === 'failed' ? (doc.error ?? {}) : {};
  return {
    task_id: row.id,
    status: STATES[row.state],
    url,
    format: doc.outputs[main]?.file?.mime.split('/')[1] ?? null,
    metadata: {
      duration: (doc.outputs[main]?.file?.durationMs ?? 0) / MS_PER_S,
      width: doc.outputs[main]?.file?.width ?? null,
      height: doc.outputs[main]?.file?.height ?? null,
    },
    error: row.state === 'failed' ? { code, message } : null,
  };
}
