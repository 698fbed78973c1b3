/** Kling's own paths, in its words. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json } from '../../kit/json.ts';
import type {
  Native,
  NativeAsk,
  NativeFault,
  NativeListAsk,
  NativeRoute,
  NativeWant,
} from '../native.ts';
import { catalogueName, FACES, FAMILIES, type KlingFamily } from './families.ts';
import { envelope, faces, show } from './show.ts';

const PAGES_MAX = 1_000;
const PAGE_SIZE = { usual: 30, max: 500 };
const ID_HEX = 15;
/** Faces are found while the caller waits. */
const WAIT_MS = 55_000;
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
/** Of faults that have a number of their own among those of one status. */
const OWN_CODES: Readonly<Record<string, number>> = Object.freeze({
  missing_api_key: 1001,
  invalid_signed_token: 1000,
  signed_token_early: 1003,
  signed_token_expired: 1004,
  key_expired: 1004,
});
const CODE_OTHER = { caller: 1201, server: 5000 };

const text = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

function want({ body }: NativeAsk, family: KlingFamily): NativeWant {
  const input = isObject(body.input) ? body.input : {};
  const field = family.buildsOn;
  const source = text(field === undefined ? input.video_id : body[field]);
  if (field !== undefined && source === null && family.mayStart !== true) {
    throw new Fault('invalid_request', { message: `${field} is required.`, param: field });
  }
  const name = text(body.external_task_id);
  const named = family.named ? (text(body.model_name) ?? family.model) : family.model;
  return {
    model: named === null ? null : catalogueName(family, named),
    kind: family.kind,
    prompt: text(body.prompt) ?? text(input.text),
    media: [],
    params: {},
    callbackUrl: text(body.callback_url),
    sources: source === null ? [] : [source],
    ...(name === null ? {} : { ownName: name }),
  };
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
  const begin = { method: 'POST', path, does: 'create', status: 200 } as const;
  if (family.kind === FACES) {
    return [{ ...begin, want: (ask) => want(ask, family), waitMs: WAIT_MS, write: faces }];
  }
  return [
    { ...begin, want: (ask) => want(ask, family), write: envelope },
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
  const known = OWN_CODES[code] ?? CODES[status] ?? other;
  const own = /^\d{4}$/.test(code) ? Number(code) : known;
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
