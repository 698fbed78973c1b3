/** A task in the proxy's own words. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Reply } from '../long.ts';
import type { NativeView } from '../native.ts';

const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'SUBMITTED',
  running: 'IN_PROGRESS',
  succeeded: 'SUCCESS',
  failed: 'FAILURE',
  canceled: 'CANCEL',
});
const QUEUED_WORDS: readonly Json[] = ['', 'NOT_START', 'SUBMITTED', 'MODAL'];
/** Which of our accounts there did it, and where we are called: nobody's business. */
const OURS = /^(notifyHook|discord|instance|channel|guild|accountFilter|messageHash$)/;

export function submitted(view: NativeView): JsonObject {
  const { code, description, properties } = view.body ?? {};
  const said = isObject(properties) ? bare(properties) : {};
  return typeof code === 'number'
    ? { code, description: description ?? '', result: view.id, properties: said }
    : { code: 1, description: 'Submit success', result: view.id, properties: said };
}

/** An answer that begins no task, as the proxy gave it. */
export function told({ body }: Reply): JsonObject {
  if (!isObject(body)) return { code: 9, description: 'No answer', result: null, properties: {} };
  const { properties, ...rest } = body;
  return { ...bare(rest), properties: isObject(properties) ? bare(properties) : {} };
}

function bare(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !OURS.test(name)));
}

export function shown(view: NativeView): JsonObject {
  const { asked, state } = view;
  const said = view.body !== null && typeof view.body.status === 'string' ? view.body : {};
  const isDone = state === 'succeeded';
  const { properties, imageUrl, videoUrl, videoUrls, ...rest } = bare(said);
  const links: JsonObject = isDone
    ? {
        imageUrl: imageUrl ?? '',
        ...(videoUrl === undefined ? {} : { videoUrl }),
        ...(videoUrls === undefined ? {} : { videoUrls }),
      }
    : { imageUrl: '' };
  return {
    action: 'IMAGINE',
    prompt: asked.prompt ?? '',
    promptEn: '',
    description: '',
    submitTime: view.createdMs,
    startTime: 0,
    finishTime: 0,
    progress: '',
    buttons: [],
    ...rest,
    ...links,
    id: view.id,
    state: asked.state ?? '',
    // Its own word for the state, but no end before results are where our links lead.
    status:
      state === 'queued' && QUEUED_WORDS.includes(said.status ?? null)
        ? (said.status ?? '')
        : WORDS[state],
    ...(state === 'running' && said.status === 'SUCCESS' ? { progress: '99%' } : {}),
    failReason: view.error?.message ?? '',
    properties: isObject(properties) ? bare(properties) : {},
  };
}
