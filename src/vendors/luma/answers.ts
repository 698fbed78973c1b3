/** What Luma says of a generation. */
import { isObject, type JsonObject } from '../../kit/json.ts';
import type { JobOutput, Reading, Reply } from '../long.ts';

const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  queued: 'queued',
  dreaming: 'running',
  completed: 'succeeded',
  failed: 'failed',
});

export function read({ body }: Reply): Reading | null {
  if (!isObject(body) || typeof body.state !== 'string') return null;
  // A word that is not known yet is no end.
  const state = STATES[body.state] ?? 'running';
  const detail = { detail: body.state };
  if (state === 'failed') {
    const why = typeof body.failure_reason === 'string' ? body.failure_reason : 'failed';
    const isRefusal = /moderat|policy|nsfw|inappropriate|copyright/i.test(why);
    const cause = isRefusal ? 'caller' : 'down';
    return { state, ...detail, error: { code: null, message: why, cause } };
  }
  return { state, ...detail, outputs: state === 'succeeded' ? outputs(body) : [] };
}

function outputs({ assets }: JsonObject): readonly JobOutput[] {
  if (!isObject(assets)) return [];
  const { video, image } = assets;
  const found: JobOutput[] = [];
  if (typeof video === 'string') found.push({ type: 'video', role: 'main', url: video });
  if (typeof image === 'string') {
    found.push({ type: 'image', role: found.length > 0 ? 'cover' : 'main', url: image });
  }
  return found;
}
