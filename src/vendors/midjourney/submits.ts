/** What may be submitted, and what each submission must have. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json } from '../../kit/json.ts';
import type { NativeAsk, NativeWant } from '../native.ts';

export function text(value: Json | undefined): string | null {
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

export const SUBMITS: readonly (readonly [path: string, kind: string, begin: Begin])[] = [
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

export function want(ask: NativeAsk, [, kind, begin]: (typeof SUBMITS)[number]): NativeWant {
  const { base64Array, prompt, notifyHook, accountFilter } = ask.body;
  checkFilter(accountFilter ?? null);
  const isDrawn = kind === 'text_to_image' && !isEmpty(base64Array);
  return {
    ...begin(ask),
    kind: isDrawn ? 'image_to_image' : kind,
    prompt: text(prompt),
    media: [],
    params: {},
    callbackUrl: text(notifyHook),
  };
}

/** Which of our accounts draws is ours to say, and its speed, on which the price depends. */
function checkFilter(filter: Json): void {
  if (!isObject(filter)) return;
  const said = ['instanceId', 'modes'].find((name) => !isEmpty(filter[name]));
  if (said === undefined) return;
  throw new Fault('unsupported_parameter', {
    message: `accountFilter.${said} is not taken: choose the mode by the path, as /mj-fast/mj.`,
    param: `accountFilter.${said}`,
  });
}
