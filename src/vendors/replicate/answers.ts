/** What Replicate says of a prediction. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Amounts, JobOutput, Reading, Reply, Started } from '../long.ts';
import { findModel } from './models.ts';

const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  starting: 'queued',
  processing: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
  // Its deadline came before it began.
  aborted: 'canceled',
});
const TYPES: readonly (readonly [RegExp, JobOutput['type']])[] = [
  [/^data:image\/|\.(png|jpe?g|webp|gif|svg|avif)(\?|$)/i, 'image'],
  [/^data:video\/|\.(mp4|webm|mov)(\?|$)/i, 'video'],
  [/^data:audio\/|\.(wav|mp3|flac|ogg|m4a)(\?|$)/i, 'audio'],
];
/** Files of one prediction. */
const OUTPUTS_MAX = 100;

export function started(reply: Reply): Started | null {
  const { body } = reply;
  const reading = read(reply);
  if (!isObject(body) || typeof body.id !== 'string' || reading === null) return null;
  return { accepted: { id: body.id, kept: {} }, reading };
}

export function read({ body }: Reply): Reading | null {
  if (!isObject(body) || typeof body.status !== 'string') return null;
  // A word that is not known yet is no end.
  const state = STATES[body.status] ?? 'running';
  const detail = { detail: body.status };
  if (state === 'failed') {
    const why = typeof body.error === 'string' ? body.error : 'The prediction failed.';
    const isCallers = /nsfw|safety|sensitive|moderat|flagged|invalid input/i.test(why);
    const error = { code: null, message: why, cause: isCallers ? 'caller' : 'down' } as const;
    return { state, ...detail, error };
  }
  if (state !== 'succeeded') return { state, ...detail };
  const outputs = outputsOf(body.output ?? null);
  const used = usedOf(body, outputs.length);
  return { state, ...detail, outputs, ...(used === null ? {} : { used }) };
}

/** Links wherever they stand in an output; its other parts are values, and stay in the body. */
function outputsOf(output: Json): readonly JobOutput[] {
  const found: JobOutput[] = [];
  const look = (value: Json): void => {
    if (found.length >= OUTPUTS_MAX) return;
    if (typeof value === 'string' && /^(https?:\/\/|data:)/.test(value)) {
      const type = TYPES.find(([pattern]) => pattern.test(value.slice(0, 2_048)))?.[1] ?? 'file';
      found.push({ type, role: 'main', url: value });
    } else if (Array.isArray(value)) (value as readonly Json[]).forEach(look);
    else if (isObject(value)) Object.values(value).forEach(look);
  };
  look(output);
  return found;
}

/** What was made counts, not what was asked for. */
function usedOf({ version, model }: JsonObject, files: number): Amounts | null {
  const ref = [version, model].find((one) => typeof one === 'string' && findModel(one) !== null);
  const known = typeof ref === 'string' ? findModel(ref) : null;
  if (known?.schema.official !== true) return null;
  return { units: known.schema.makes === 'video' ? { video: 1 } : { image: files } };
}
