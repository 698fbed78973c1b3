/** A task in the visual service's own words. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { NativeView } from '../native.ts';
import { DONE_CODE } from './answers.ts';

const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'in_queue',
  running: 'generating',
  succeeded: 'done',
  failed: 'done',
  canceled: 'expired',
});
export const BROKEN_CODE = 50_500;

export function envelope(code: number, data: Json, more: JsonObject): JsonObject {
  return { code, data, message: 'Success', status: code, time_elapsed: '0s', ...more };
}

/** What the vendor said about its answer, but for the answer. */
function about({ body }: NativeView): JsonObject {
  const { request_id: id, time_elapsed: time } = body ?? {};
  return {
    ...(id === undefined ? {} : { request_id: id }),
    ...(time === undefined ? {} : { time_elapsed: time }),
  };
}

export function submitted(view: NativeView): JsonObject {
  return envelope(DONE_CODE, { task_id: view.id }, about(view));
}

export function shown(view: NativeView): JsonObject {
  if (view.state === 'failed') return failure(view);
  const data = isObject(view.body?.data) ? view.body.data : {};
  const done = view.state === 'succeeded' ? results(data, view) : {};
  return envelope(DONE_CODE, { status: WORDS[view.state], ...done }, about(view));
}

/** Links, or the pictures themselves where the caller asked for no links. */
function results(data: JsonObject, { files }: NativeView): JsonObject {
  const { task_id: _, status: __, ...rest } = data;
  if (files === undefined) return rest;
  return { ...rest, image_urls: null, binary_data_base64: files };
}

export function processed(view: NativeView): JsonObject {
  const { data, ...rest } = shown(view);
  const { status: _, ...bare } = isObject(data) ? data : {};
  if (view.state === 'failed') return { ...rest, data: null };
  return { ...rest, data: bare };
}

function failure({ body, error }: NativeView): JsonObject {
  const said = body ?? {};
  if (typeof said.code === 'number' && said.code !== DONE_CODE) return said;
  // A job whose record is gone is no failure in its words.
  if (error?.code === 'expired') return envelope(DONE_CODE, { status: 'expired' }, {});
  const code = Number(error?.code ?? Number.NaN);
  const message = error?.message ?? 'Internal Error';
  return envelope(Number.isInteger(code) ? code : BROKEN_CODE, null, { message });
}

/** As the status of its code: input and output that were refused are 400, breakage is 500. */
export function statusOf(view: NativeView): number {
  if (view.state !== 'failed') return 200;
  const { code } = failure(view);
  if (code === DONE_CODE) return 200;
  return code === BROKEN_CODE || code === BROKEN_CODE + 1 ? 500 : 400;
}
