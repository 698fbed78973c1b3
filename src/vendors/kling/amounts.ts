/** What a Kling job can cost, and what it deducted. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts } from '../long.ts';
import { bodyOf, jobFamily } from './body.ts';
import { FACES } from './families.ts';

const MS_PER_S = 1_000;
const MILLI = 1_000;
const IMAGES_MAX = 9;

const text = (value: Json | undefined, fallback: string): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : fallback;

export function bound(job: Job): Amounts {
  const family = jobFamily(job);
  const body = bodyOf(job);
  if (family.makes === 'image') {
    const n = Number(text(body.n, '1'));
    const image = Number.isInteger(n) && n >= 1 && n <= IMAGES_MAX ? n : IMAGES_MAX;
    const from = family.kind === 'reference_to_image' ? 'several' : 'none';
    return { units: { image }, traits: { image: body.image === undefined ? from : 'one' } };
  }
  if (family.kind === FACES) return { units: { run: 1 } };
  // Effects have theirs in `input`.
  const input: JsonObject = isObject(body.input) ? body.input : {};
  const said = Number(text(body.duration ?? input.duration, ''));
  const seconds = said > 0 ? said : family.secondsMax;
  return {
    units: { video_ms: Math.ceil(seconds * MS_PER_S) },
    traits: {
      mode: text(body.mode ?? input.mode, 'std'),
      sound: text(body.sound, 'off'),
      video: 'video_list' in body ? 'yes' : 'no',
    },
  };
}

/** "2.5" resource units, as thousandths. Units of try-on packs are not the same money: not read. */
export function deducted({ final_unit_deduction: said }: JsonObject, kind: string): Amounts | null {
  if (kind === 'try_on' || (typeof said !== 'string' && typeof said !== 'number')) return null;
  const milli = Math.round(Number(said) * MILLI);
  if (String(said).trim() === '' || !Number.isSafeInteger(milli) || milli < 0) return null;
  return { units: { credit_milli: milli } };
}
