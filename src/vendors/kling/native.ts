/** Kling's own paths, in its words. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type {
  Native,
  NativeAsk,
  NativeFault,
  NativeListAsk,
  NativeRoute,
  NativeView,
  NativeWant,
} from '../native.ts';
import { catalogueName, FAMILIES, type KlingFamily } from './families.ts';

const PAGES_MAX = 1_000;
const PAGE_SIZE = { usual: 30, max: 500 };
const MS_PER_S = 1_000;
const ID_HEX = 15;
const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'submitted',
  running: 'processing',
  succeeded: 'succeed',
  failed: 'failed',
  canceled: 'failed',
});
const CODES: Readonly<Record<number, number>> = Object.freeze({
  400: 1201,
  401: 1002,
  402: 1101,
  403: 1103,
  404: 1203,
  405: 1202,
  409: 1201,
  429: 1302,
  503: 5001,
  504: 5002,
});
const CODE_OTHER = { caller: 1201, server: 5000 };

const text = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

function want({ body }: NativeAsk, family: KlingFamily): NativeWant {
  const input = isObject(body.input) ? body.input : {};
  const video = family.kind === 'extend' ? text(body.video_id) : text(input.video_id);
  if (family.kind === 'extend' && video === null) {
    throw new Fault('invalid_request', { message: 'video_id is required.', param: 'video_id' });
  }
  const named = family.named ? (text(body.model_name) ?? family.model) : family.model;
  return {
    model: named === null ? null : catalogueName(family, named),
    kind: family.kind,
    prompt: text(body.prompt) ?? text(input.text),
    media: [],
    params: {},
    callbackUrl: text(body.callback_url),
    sources: video === null ? [] : [video],
  };
}

/** The `data` of an answer: the vendor's last words, but for what is ours. */
function show(view: NativeView): JsonObject {
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
    created_at: view.createdS * MS_PER_S,
    updated_at: view.updatedS * MS_PER_S,
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

function envelope(view: NativeView): JsonObject {
  const requestId = text(view.body?.request_id) ?? view.id;
  return { code: 0, message: 'SUCCEED', request_id: requestId, data: show(view) };
}

function listAsk({ query }: NativeAsk, { kind }: KlingFamily): NativeListAsk {
  const page = pageNumber(query.get('pageNum'), ['pageNum', 1, PAGES_MAX]);
  const limit = pageNumber(query.get('pageSize'), ['pageSize', PAGE_SIZE.usual, PAGE_SIZE.max]);
  return { offset: (page - 1) * limit, limit, states: null, ids: null, model: null, kind };
}

type Range = readonly [name: string, usual: number, max: number];

function pageNumber(said: string | null, [name, usual, max]: Range): number {
  const value = said === null ? usual : Number(said);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  const message = `${name} must be a whole number from 1 to ${max}.`;
  throw new Fault('invalid_request', { message, param: name });
}

function routesOf(family: KlingFamily): readonly NativeRoute[] {
  const { path } = family;
  return [
    {
      method: 'POST',
      path,
      does: 'create',
      want: (ask) => want(ask, family),
      status: 200,
      write: envelope,
    },
    { method: 'GET', path: `${path}/:id`, does: 'read', write: envelope },
    {
      method: 'GET',
      path,
      does: 'list',
      ask: (ask) => listAsk(ask, family),
      write: ({ views }) => {
        const first = views[0]?.id ?? '';
        return { code: 0, message: 'SUCCEED', request_id: first, data: views.map(show) };
      },
    },
  ];
}

function fault({ status, code, message, requestId }: NativeFault): Json {
  const other = status < 500 ? CODE_OTHER.caller : CODE_OTHER.server;
  const own = /^\d{4}$/.test(code) ? Number(code) : (CODES[status] ?? other);
  return { code: own, message, request_id: requestId };
}

export const klingNative: Native = {
  mount: '/kling',
  routes: FAMILIES.flatMap(routesOf),
  // Its ids are long numbers.
  idOf: (hex) => BigInt(`0x${hex.slice(0, ID_HEX)}`).toString(),
  told: show,
  fault,
};
