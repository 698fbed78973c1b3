/** What the visual service says of a job, in its envelope `{code, data, message, request_id}`. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { JobError, JobOutput, Reading, Reply, Started } from '../long.ts';

export const DONE_CODE = 10_000;
/** Asked again, it may do better: too much at once, or a broken service of its own. */
const PASSING: ReadonlySet<number> = new Set([
  ...[50_400, 50_429, 50_430, 50_500, 50_501],
  ...[50_520, 50_521, 50_522],
]);
const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  in_queue: 'queued',
  generating: 'running',
  done: 'succeeded',
  not_found: 'lost',
  expired: 'failed',
});

/** A result of a call that waited for it, the id of one that did not, or a refusal. */
export function started({ body }: Reply, kept: JsonObject): Started | null {
  if (!isObject(body) || typeof body.code !== 'number') return null;
  if (body.code !== DONE_CODE) return { refused: errorOf(body) };
  const { data, request_id: requestId } = body;
  if (!isObject(data)) return null;
  if (typeof data.task_id === 'string') return { accepted: { id: data.task_id, kept } };
  if (typeof requestId !== 'string') return null;
  const reading: Reading = { state: 'succeeded', outputs: outputs(data) };
  return { accepted: { id: requestId, kept }, reading };
}

export function read({ body }: Reply): Reading | null {
  if (!isObject(body) || typeof body.code !== 'number') return null;
  const data = isObject(body.data) ? body.data : {};
  const word = typeof data.status === 'string' ? data.status : '';
  const detail = word === '' ? {} : { detail: word };
  if (body.code !== DONE_CODE) {
    return PASSING.has(body.code) ? null : { state: 'failed', ...detail, error: errorOf(body) };
  }
  // A word that is not known yet is no end.
  const state = STATES[word] ?? 'running';
  if (state === 'failed') {
    const error = { code: word, message: 'The task has expired.', cause: 'down' } as const;
    return { state, ...detail, error };
  }
  return { state, ...detail, outputs: state === 'succeeded' ? outputs(data) : [] };
}

function errorOf({ code, message }: JsonObject): JobError {
  const number = Number(code);
  const busy = number === 50_429 || number === 50_430;
  const cause = busy ? 'busy' : number === 50_400 ? 'model' : 'down';
  return {
    code: String(code),
    message: typeof message === 'string' && message !== '' ? message : `code ${code}`,
    cause: PASSING.has(number) ? cause : 'caller',
  };
}

function outputs(data: JsonObject): readonly JobOutput[] {
  const urls = texts(data.image_urls);
  const images = urls.length > 0 ? urls : texts(data.binary_data_base64).map(dataUrl);
  const found: JobOutput[] = images.map((url) => ({ type: 'image', role: 'main', url }));
  const { video_url: video } = data;
  if (typeof video === 'string' && video !== '') {
    return [{ type: 'video', role: 'main', url: video }, ...found];
  }
  return found;
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function dataUrl(base64: string): string {
  return `data:${base64.startsWith('/9j/') ? 'image/jpeg' : 'image/png'};base64,${base64}`;
}
