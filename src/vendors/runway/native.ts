/** Runway's own paths. Its client gives up at any status that it does not know. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Native, NativeAsk, NativeRoute, NativeView, NativeWant } from '../native.ts';

/** By kind; two frames go where one goes. */
export const PATHS: Readonly<Record<string, string>> = Object.freeze({
  text_to_video: '/v1/text_to_video',
  image_to_video: '/v1/image_to_video',
  frames_to_video: '/v1/image_to_video',
  video_to_video: '/v1/video_to_video',
  avatar: '/v1/character_performance',
});
const ASKED: readonly string[] = ['text_to_video', 'image_to_video', 'video_to_video', 'avatar'];
const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'PENDING',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  canceled: 'CANCELLED',
});

const text = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

function want({ body }: NativeAsk, kind: string): NativeWant {
  return {
    model: text(body.model),
    kind,
    prompt: text(body.promptText),
    media: [],
    params: {},
    callbackUrl: null,
    sources: [],
  };
}

function write(view: NativeView): JsonObject {
  const said = view.body ?? {};
  const { output, failure: _, failureCode: __, progress, ...rest } = said;
  return {
    ...rest,
    id: view.id,
    createdAt: new Date(view.createdMs).toISOString(),
    status:
      said.status === 'THROTTLED' && view.state === 'queued' ? 'THROTTLED' : WORDS[view.state],
    ...(view.state === 'running' ? { progress: progress ?? 0 } : {}),
    // Not before results are where our links lead.
    ...(view.state === 'succeeded' ? { output: output ?? [] } : {}),
    ...(view.state === 'failed' ? failureOf(view) : {}),
  };
}

function failureOf({ error }: NativeView): JsonObject {
  const code: JsonObject =
    isObject(error) && error.code !== null ? { failureCode: error.code } : {};
  return { failure: error?.message ?? 'The task failed.', ...code };
}

function create(kind: string): NativeRoute {
  const path = PATHS[kind] ?? '';
  const does = { does: 'create', status: 200 } as const;
  return {
    method: 'POST',
    path,
    ...does,
    want: (ask) => want(ask, kind),
    write: ({ id }: NativeView) => ({ id }),
  };
}

export const runwayNative: Native = {
  mount: '/runway',
  routes: [
    ...ASKED.map(create),
    { method: 'GET', path: '/v1/tasks/:id', does: 'read', write },
    {
      method: 'DELETE',
      path: '/v1/tasks/:id',
      does: 'remove',
      means: (state) => (state === 'queued' || state === 'running' ? 'cancel' : 'delete'),
      status: 204,
      write: () => null,
    },
  ],
  idOf: (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
  fault: ({ message }) => ({ error: message }),
};
