/** What Kling says of a task; every answer is an envelope of code, message and data. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, VendorTask } from '../job.ts';
import type { JobOutput, Reading, Reply, Started } from '../long.ts';
import type { Cause } from '../shape.ts';
import { deducted } from './amounts.ts';
import { FACES } from './families.ts';

/** 429 has three meanings, which only the code tells apart. */
export const CAUSES: Readonly<Record<string, Cause>> = Object.freeze({
  1000: 'credential',
  1001: 'credential',
  1002: 'credential',
  1003: 'credential',
  1004: 'credential',
  1100: 'account',
  1101: 'account',
  1102: 'account',
  1103: 'model',
  1200: 'caller',
  1201: 'caller',
  1202: 'caller',
  1203: 'caller',
  1300: 'caller',
  1301: 'caller',
  1302: 'busy',
  1303: 'busy',
  1304: 'credential',
  5000: 'down',
  5001: 'down',
  5002: 'down',
});

const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  submitted: 'queued',
  processing: 'running',
  succeed: 'succeeded',
  failed: 'failed',
});

export function started({ body }: Reply, { kind }: Job): Started | null {
  if (!isObject(body)) return null;
  if (typeof body.code === 'number' && body.code !== 0) {
    const code = String(body.code);
    const message = typeof body.message === 'string' ? body.message : `Kling says ${code}.`;
    const cause = CAUSES[code];
    // A code that is not known may be one of a job that began.
    return cause === undefined || cause === 'down' ? null : { refused: { code, message, cause } };
  }
  const { data } = body;
  if (!isObject(data)) return null;
  if (kind === FACES) return foundFaces(data);
  if (typeof data.task_id !== 'string') return null;
  return { accepted: { id: data.task_id, kept: { kind } } };
}

/** Its answer is its result. Pictures of the faces come with it. */
function foundFaces(data: JsonObject): Started | null {
  const { session_id: id, face_data: all } = data;
  if (typeof id !== 'string' || !Array.isArray(all)) return null;
  const outputs = (all as readonly Json[]).flatMap((one): readonly JobOutput[] => {
    const url = isObject(one) ? one.face_image : null;
    return typeof url === 'string' && url !== '' ? [{ type: 'image', role: 'preview', url }] : [];
  });
  const used = deducted(data, FACES) ?? { units: { run: 1 } };
  return {
    accepted: { id, kept: { kind: FACES } },
    reading: { state: 'succeeded', outputs, used },
  };
}

export function read({ body }: Reply, { kept }: VendorTask): Reading | null {
  const data = isObject(body) ? body.data : undefined;
  if (!isObject(data) || typeof data.task_status !== 'string') return null;
  const detail = { detail: data.task_status };
  // A word that is not known yet is no end.
  const state = STATES[data.task_status] ?? 'running';
  if (state === 'failed') {
    const said = typeof data.task_status_msg === 'string' ? data.task_status_msg : '';
    const message = said === '' ? 'The vendor failed at this job and did not say why.' : said;
    const isRefusal = /risk|sensitive|safety|policy|moderat|violat|invalid/i.test(said);
    return {
      state,
      ...detail,
      error: { code: null, message, cause: isRefusal ? 'caller' : 'down' },
    };
  }
  if (state !== 'succeeded') return { state, ...detail };
  const used = deducted(data, String(kept.kind));
  const video = videoOf(data);
  return {
    state,
    ...detail,
    outputs: outputs(data),
    ...(used === null ? {} : { used }),
    ...(video === null ? {} : { kept: { ...kept, video } }),
  };
}

function results(data: JsonObject, field: string): readonly JsonObject[] {
  const all = isObject(data.task_result) ? data.task_result[field] : undefined;
  return Array.isArray(all) ? (all as readonly Json[]).filter(isObject) : [];
}

/** Later jobs build on a video by its own id. */
function videoOf(data: JsonObject): string | null {
  const id = results(data, 'videos')[0]?.id;
  return typeof id === 'string' ? id : null;
}

function outputs(data: JsonObject): readonly JobOutput[] {
  return (['video', 'image'] as const).flatMap((type) =>
    results(data, `${type}s`).flatMap((one) =>
      (['url', 'watermark_url'] as const).flatMap((field) => {
        const url = one[field];
        const role = field === 'url' ? 'main' : 'watermarked';
        return typeof url === 'string' && url !== '' ? [{ type, role, url }] : [];
      }),
    ),
  );
}
