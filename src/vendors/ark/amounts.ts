/** How many tokens a Seedance video can cost: width x height x frames / 1024. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts } from '../long.ts';

/** The most pixels of any shape of picture at each resolution. */
const PIXELS: Readonly<Record<string, number>> = Object.freeze({
  '480p': 864 * 480,
  '720p': 1504 * 640,
  '1080p': 1920 * 1088,
  '4k': 4096 * 2304,
});
const PIXELS_UNSAID = '1080p';
const FPS = 24;
const PIXEL_FRAMES_PER_TOKEN = 1_024;
const DURATION_S = 5;
/** Where the model is left to choose; more than any version makes. */
const DURATION_S_MAX = 30;
/** A video that goes in counts as well. */
const REFERENCE_S_MAX = 15;

/** Settings may also stand at the end of the prompt: `--rs 720p --dur 5`. */
function command(job: Job, body: JsonObject, names: string): string | undefined {
  const content = Array.isArray(body.content) ? (body.content as readonly Json[]) : [];
  const texts = content.flatMap((one) => (isObject(one) ? (one.text ?? '') : ''));
  const prompt = [job.prompt ?? '', ...texts].join(' ');
  return new RegExp(`--(?:${names})\\s+(\\S+)`).exec(prompt)?.[1];
}

export function bound(job: Job): Amounts {
  const body = job.native?.body ?? job.options;
  const said = (value: Json | undefined): string | undefined =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const resolution =
    job.params.resolution ?? said(body.resolution) ?? command(job, body, 'rs|resolution');
  const asked =
    said(job.params.durationS) ?? said(body.duration) ?? command(job, body, 'dur|duration');
  const frames = Number(said(body.frames) ?? command(job, body, 'frames') ?? Number.NaN);
  const seconds = Number(asked ?? DURATION_S);
  const isOpen = !(seconds > 0 && seconds <= DURATION_S_MAX);
  // One frame more than the length: the first and the last both count.
  const own = frames > 0 ? frames : (isOpen ? DURATION_S_MAX : seconds) * FPS + 1;
  const given = job.media.some(({ type }) => type === 'video') ? REFERENCE_S_MAX * FPS : 0;
  const pixels = PIXELS[resolution ?? PIXELS_UNSAID] ?? PIXELS['4k'] ?? 0;
  const service = said(body.service_tier) ?? 'default';
  return {
    outputTokens: Math.ceil((pixels * (own + given)) / PIXEL_FRAMES_PER_TOKEN),
    traits: { service, ...(resolution === undefined ? {} : { resolution }) },
  };
}

const EXPIRY_S = 172_800;
const EXPIRY_SPREAD_S = 86_400;

/**
 * A task carries no id of ours, but it answers with the time after which it expires, 48 hours
 * unless said otherwise. Said to be up to a day longer, that time is a mark by which the list shows
 * which task is whose, should a creation never be answered.
 */
export function expiryTag(ownId: string): number {
  let hash = 0x811c9dc5;
  for (const char of ownId) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return EXPIRY_S + 1 + (hash % (EXPIRY_SPREAD_S - 1));
}

/** What the caller would have seen without the mark. */
export function plainExpiry(asked: Json | undefined): Json {
  return asked ?? EXPIRY_S;
}
