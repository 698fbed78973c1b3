/** What Ark says of a task. */
import { isObject, type JsonObject } from '../../kit/json.ts';
import type { JobOutput, Reading, Reply } from '../long.ts';

const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  // It waited longer than it was allowed to.
  expired: 'failed',
  cancelled: 'canceled',
});

export function read({ body }: Reply): Reading | null {
  if (!isObject(body) || typeof body.status !== 'string') return null;
  const state = STATES[body.status] ?? 'running';
  const detail = { detail: body.status };
  if (state === 'failed') return { state, ...detail, error: errorOf(body) };
  if (state !== 'succeeded') return { state, ...detail };
  const used = usedOf(body);
  return { state, ...detail, outputs: outputs(body), ...(used === null ? {} : { used }) };
}

function errorOf({ error, status }: JsonObject): NonNullable<Reading['error']> {
  const said = isObject(error) ? error : {};
  const code = typeof said.code === 'string' ? said.code : null;
  const isRefusal = /^(Input|Output|SensitiveContent|ContentSecurity|InvalidParam)/.test(
    code ?? '',
  );
  return {
    code,
    message: typeof said.message === 'string' ? said.message : `The vendor's task is ${status}.`,
    cause: isRefusal ? 'caller' : 'down',
  };
}

function outputs({ content }: JsonObject): readonly JobOutput[] {
  if (!isObject(content)) return [];
  const places = [
    ['video_url', 'video', 'main'],
    ['file_url', 'file', 'main'],
    ['last_frame_url', 'image', 'last_frame'],
  ] as const;
  return places.flatMap(([field, type, role]) => {
    const url = content[field];
    return typeof url === 'string' && url !== '' ? [{ type, role, url }] : [];
  });
}

function usedOf({ usage, resolution, service_tier: tier }: JsonObject): Reading['used'] | null {
  const tokens = isObject(usage) ? usage.completion_tokens : undefined;
  if (typeof tokens !== 'number' || !Number.isSafeInteger(tokens) || tokens < 0) return null;
  const traits: Record<string, string> = {};
  if (typeof resolution === 'string') traits.resolution = resolution;
  if (typeof tier === 'string') traits.service = tier;
  return { outputTokens: tokens, traits };
}
