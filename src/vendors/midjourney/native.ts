/** The paths under /mj of midjourney-proxy, with the prefixes of its modes. */
import { Fault } from '../../kit/fault.ts';
import type { Json } from '../../kit/json.ts';
import type { Native, NativeAsk, NativeFault, NativeRoute, NativeWant } from '../native.ts';
import { shown, submitted } from './shown.ts';

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

function text(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

const followUp = (field: 'taskId' | 'content') => (ask: NativeAsk) => {
  const id = text(ask.body[field])?.trim().split(/\s+/)[0];
  if (id !== undefined) return { model: null, sources: [id] };
  throw new Fault('invalid_request', { message: `${field} is required.`, param: field });
};

const drawing = (needs: readonly string[]) => (ask: NativeAsk) => {
  const missing = needs.every((field) => isEmpty(ask.body[field]));
  if (!missing || needs.length === 0) return { model: 'midjourney', sources: [] };
  const message = `${needs.join(' or ')} is required.`;
  throw new Fault('invalid_request', { message, param: needs[0] ?? '' });
};

/** A new video begins with a picture; a longer one with the task that it goes on from. */
const film = (ask: NativeAsk) => {
  const id = text(ask.body.taskId);
  if (id !== null) return { model: null, sources: [id] };
  return { ...drawing(['image', 'prompt'])(ask), model: 'midjourney-video' };
};

function isEmpty(value: Json | undefined): boolean {
  return (value ?? '') === '' || (Array.isArray(value) && value.length === 0);
}

type Begin = (ask: NativeAsk) => Pick<NativeWant, 'model' | 'sources'>;

const SUBMITS: readonly (readonly [path: string, kind: string, begin: Begin])[] = [
  ['/submit/imagine', 'text_to_image', drawing(['prompt'])],
  ['/submit/blend', 'blend', drawing(['base64Array'])],
  ['/submit/describe', 'describe', drawing(['base64', 'link'])],
  ['/submit/shorten', 'shorten', drawing(['prompt'])],
  ['/submit/edits', 'edit', drawing(['prompt'])],
  ['/submit/edit', 'edit', drawing(['prompt'])],
  ['/submit/retexture', 'retexture', drawing(['prompt'])],
  ['/submit/video', 'image_to_video', film],
  ['/submit/change', 'action', followUp('taskId')],
  ['/submit/simple-change', 'action', followUp('content')],
  ['/submit/action', 'action', followUp('taskId')],
  ['/submit/modal', 'modal', followUp('taskId')],
  ['/insight-face/swap', 'swap', drawing(['sourceBase64', 'sourceUrl'])],
];

function routesOf(prefix: string): readonly NativeRoute[] {
  const creates = SUBMITS.map(([path, kind, begin]): NativeRoute => {
    const want = (ask: NativeAsk): NativeWant => {
      const { base64Array, prompt, notifyHook } = ask.body;
      const isDrawn = kind === 'text_to_image' && !isEmpty(base64Array);
      return {
        ...begin(ask),
        kind: isDrawn ? 'image_to_image' : kind,
        prompt: text(prompt),
        media: [],
        params: {},
        callbackUrl: text(notifyHook),
      };
    };
    const does = { does: 'create', status: 200, want, write: submitted } as const;
    return { method: 'POST', path: prefix + path, ...does };
  });
  return [
    ...creates,
    { method: 'GET', path: `${prefix}/task/:id/fetch`, does: 'read', write: shown },
    {
      method: 'POST',
      path: `${prefix}/task/list-by-condition`,
      does: 'list',
      ask: ({ body }) => ({ ...ALL, ids: idsOf(body.ids) }),
      write: ({ views }) => views.map(shown),
    },
    {
      method: 'GET',
      path: `${prefix}/task/list`,
      does: 'list',
      ask: () => ALL,
      write: ({ views }) => views.map(shown),
    },
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
