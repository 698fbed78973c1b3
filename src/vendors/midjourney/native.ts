/** The paths under /mj of midjourney-proxy, with the prefixes of its modes. */
import { Fault } from '../../kit/fault.ts';
import type { Json } from '../../kit/json.ts';
import type { Ask } from '../long.ts';
import type { Native, NativeAsk, NativeFault, NativeListAsk, NativeRoute } from '../native.ts';
import { shown, submitted, told } from './shown.ts';
import { SUBMITS, text, want } from './submits.ts';

/** What stands between /mj and the path: /mj-fast/mj/submit/imagine. */
const PREFIXES = ['', '-fast/mj', '-turbo/mj', '-relax/mj'];
const IDS_MAX = 100;
const DIGITS = 9;
/** Codes of the protocol by our status; what is said under 200 there. */
const CODES: Readonly<Record<number, number>> = Object.freeze({
  400: 4,
  402: 4,
  404: 3,
  409: 4,
  429: 23,
});

function routesOf(prefix: string): readonly NativeRoute[] {
  const creates = SUBMITS.map((one): NativeRoute => {
    const does = { does: 'create', status: 200, write: submitted } as const;
    return { method: 'POST', path: prefix + one[0], ...does, want: (ask) => want(ask, one) };
  });
  return [
    ...creates,
    { method: 'GET', path: `${prefix}/task/:id/fetch`, does: 'read', write: shown },
    list('POST', `${prefix}/task/list-by-condition`, ({ body }) => ({ ids: idsOf(body.ids) })),
    list('POST', `${prefix}/task/list-by-ids`, ({ body }) => ({ ids: idsOf(body.ids) })),
    list('GET', `${prefix}/task/list`, () => ({})),
    list('GET', `${prefix}/task/queue`, () => ({ states: ['queued', 'running'] })),
    {
      method: 'GET',
      path: `${prefix}/task/:id/image-seed`,
      does: 'inquire',
      ask: (_, { id }) => {
        const path = `/mj/task/${encodeURIComponent(id)}/image-seed`;
        return { method: 'GET', path, body: null };
      },
      write: told,
    },
    {
      method: 'POST',
      path: `${prefix}/submit/upload-discord-images`,
      does: 'consult',
      model: 'midjourney',
      ask: upload,
      write: told,
    },
    { method: 'GET', path: `${prefix}/image/:id`, does: 'file', type: 'image' },
    {
      method: 'POST',
      path: `${prefix}/task/:id/cancel`,
      does: 'remove',
      means: (state) => (state === 'queued' || state === 'running' ? 'cancel' : 'refuse'),
      status: 200,
      write: ({ id }) => ({ code: 1, description: 'success', result: id }),
    },
  ];
}

type Asked = Partial<Pick<NativeListAsk, 'ids' | 'states'>>;

function list(
  method: NativeRoute['method'],
  path: string,
  asked: (ask: NativeAsk) => Asked,
): NativeRoute {
  const ask = (said: NativeAsk): NativeListAsk => ({ ...ALL, ...asked(said) });
  return { method, path, does: 'list', ask, write: ({ views }) => views.map(shown) };
}

/** Pictures that prompts may then name by their addresses. */
function upload({ body }: NativeAsk): Ask {
  if (!Array.isArray(body.base64Array) || body.base64Array.length === 0) {
    const message = 'base64Array is required.';
    throw new Fault('invalid_request', { message, param: 'base64Array' });
  }
  const { base64Array } = body;
  return { method: 'POST', path: '/mj/submit/upload-discord-images', body: { base64Array } };
}

const ALL = { offset: 0, limit: IDS_MAX, states: null, ids: null, model: null } as const;

function idsOf(ids: Json | undefined): readonly string[] {
  const list = Array.isArray(ids) ? (ids as readonly Json[]).flatMap((id) => text(id) ?? []) : null;
  if (list !== null && list.length > 0 && list.length <= IDS_MAX) return list;
  throw new Fault('invalid_request', {
    message: `ids must be a list of 1 to ${IDS_MAX} ids.`,
    param: 'ids',
  });
}

export const midjourneyNative: Native = {
  mount: '/mj',
  routes: PREFIXES.flatMap(routesOf),
  idOf: (hex, createdMs) => {
    const rest = (Number.parseInt(hex.slice(0, 12), 16) % 10 ** DIGITS).toString();
    return createdMs + rest.padStart(DIGITS, '0');
  },
  key: (header) => header('mj-api-secret'),
  // What is wrong with a request is said under 200; keys, unknown tasks and breakage are not.
  faultStatus: ({ status }) => (status === 400 || status === 409 || status === 429 ? 200 : status),
  fault: ({ status, code, message }: NativeFault) => {
    const own = Number(code);
    const properties = {};
    const known = Number.isInteger(own) ? own : (CODES[status] ?? 9);
    return { code: known, description: message, result: null, properties };
  },
};
