/** Runway's own paths. Its client gives up at any status that it does not know. */

import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Native, NativeAsk, NativeRoute, NativeView, NativeWant } from '../native.ts';
import { FAMILIES, type RunwayFamily } from './families.ts';

const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'PENDING',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  canceled: 'CANCELLED',
});

const text = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

function want({ body }: NativeAsk, { kind }: RunwayFamily): NativeWant {
  const model = text(body.model);
  if (model === null) {
    const message = 'Validation of body failed: model is required.';
    throw new Fault('invalid_request', { message, param: 'model' });
  }
  const hasImage = Array.isArray(body.referenceImages) && body.referenceImages.length > 0;
  return {
    model,
    kind: kind === 'text_to_image' && hasImage ? 'image_to_image' : kind,
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

function create(family: RunwayFamily): NativeRoute {
  const does = { does: 'create', status: 200, write: begun } as const;
  return { method: 'POST', path: family.path, ...does, want: (ask) => want(ask, family) };
}

/** What it may cost is the vendor's guess; ours stands in the task. */
function begun({ id, body }: NativeView): JsonObject {
  const { estimatedCost } = body ?? {};
  return { id, ...(estimatedCost === undefined ? {} : { estimatedCost }) };
}

export const runwayNative: Native = {
  mount: '/runway',
  routes: [
    ...FAMILIES.map(create),
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
