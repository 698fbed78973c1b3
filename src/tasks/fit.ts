/** A job as far as a vendor takes it: the rest is refused, or left out by the caller's leave. */
import { Fault } from '../kit/fault.ts';
import { type Job, type JobParams, PICTURE_FIELDS, type PictureField } from '../vendors/job.ts';
import type { Ask, LongService } from '../vendors/long.ts';

/**
 * What may be left out: `nothing`; of a `shape` either its size or its resolution and ratio, for
 * vendors take the one or the other; any of the `params`.
 */
export type Leave = 'nothing' | 'shape' | 'params';

type Field = keyof JobParams | 'negativePrompt';

/** As callers write them, where that is another name than ours. */
const PUBLIC: Readonly<Partial<Record<Field, string>>> = Object.freeze({
  durationS: 'duration',
  aspectRatio: 'aspect_ratio',
  count: 'n',
  negativePrompt: 'negative_prompt',
  ...PICTURE_FIELDS,
});
const FIELDS: readonly Field[] = [
  ...(['durationS', 'aspectRatio', 'resolution', 'size', 'fps', 'seed', 'audio'] as const),
  ...(['mode', 'loop', 'watermark', 'count', 'negativePrompt'] as const),
  ...(Object.keys(PICTURE_FIELDS) as PictureField[]),
];

export interface Fitted {
  readonly ask: Ask;
  readonly job: Job;
  /** Under their public names. */
  readonly dropped: readonly string[];
}

/** Fault: the vendor's, where it cannot take what must stay. */
export function fit(whole: Job, leave: Leave, service: LongService): Fitted {
  if (leave === 'shape') return fitShape(whole, service);
  let job = whole;
  const dropped: string[] = [];
  // Each turn leaves out one field at least, or ends.
  for (;;) {
    try {
      return { ask: start(job, service), job, dropped };
    } catch (thrown) {
      const fields = refusedFields(thrown).filter((field) => isSaid(job, field));
      if (fields.length === 0 || leave === 'nothing') throw inPublicWords(thrown);
      dropped.push(...fields.map(publicName));
      job = without(job, fields.map(publicName));
    }
  }
}

/** Fault: `unsupported_parameter`, also for what only other services of pictures take. */
function start(job: Job, service: LongService): Ask {
  for (const [field, name] of Object.entries(PICTURE_FIELDS) as [PictureField, string][]) {
    if (job.params[field] === undefined || service.takes?.includes(field) === true) continue;
    throw new Fault('unsupported_parameter', { param: `params.${name}` });
  }
  return service.start(job);
}

function fitShape(whole: Job, service: LongService): Fitted {
  const ways = [['size'], ['resolution', 'aspect_ratio']];
  let refusal: unknown;
  for (const dropped of ways) {
    const job = without(whole, dropped);
    try {
      return { ask: start(job, service), job, dropped };
    } catch (thrown) {
      refusal ??= thrown;
      if (whole.params.size === undefined) break;
    }
  }
  throw inPublicWords(refusal);
}

function publicName(field: Field): string {
  return PUBLIC[field] ?? field;
}

/** Without what was left out, by its public names. */
export function without<J extends Pick<Job, 'params' | 'negativePrompt'>>(
  job: J,
  dropped: readonly string[],
): J {
  if (dropped.length === 0) return job;
  const params = Object.entries(job.params).filter(
    ([field]) => !dropped.includes(publicName(field as Field)),
  );
  const negativePrompt = dropped.includes('negative_prompt') ? null : job.negativePrompt;
  return { ...job, negativePrompt, params: Object.fromEntries(params) };
}

function isSaid(job: Job, field: Field): boolean {
  return field === 'negativePrompt' ? job.negativePrompt !== null : job.params[field] !== undefined;
}

/** The fields that a vendor's refusal names, in its words for them or in ours. */
function refusedFields(thrown: unknown): readonly Field[] {
  if (!(thrown instanceof Fault) || thrown.code !== 'unsupported_parameter') return [];
  const words = (thrown.detail.param ?? '').split(' or ');
  const names = words.map((word) => word.replace(/^(params|input)\./, ''));
  return FIELDS.filter((field) => names.includes(field) || names.includes(publicName(field)));
}

/** A caller knows `params.n`, not what we call it. */
function inPublicWords(thrown: unknown): unknown {
  const [field] = refusedFields(thrown);
  if (!(thrown instanceof Fault) || field === undefined) return thrown;
  const place = field === 'negativePrompt' ? 'input' : 'params';
  const param = `${place}.${publicName(field)}`;
  return new Fault('unsupported_parameter', { ...thrown.detail, param });
}
