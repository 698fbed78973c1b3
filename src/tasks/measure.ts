/** What a job made, by the files themselves: the second best witness after the vendor's report. */
import type { Amounts } from '../vendors/long.ts';
import type { KeptFile, TaskDoc } from './doc.ts';

/** Containers round: a file so little longer or shorter is as long as was asked for. */
const SAME_MS = 500;
const MS_PER_S = 1_000;
/** Logarithm of how far an area may be from its word's. */
const OFF_MAX = 0.3;
const PIXELS_PER_MEGAPIXEL = 1_048_576;
/** Pixels of the usual words for a picture's size. Shapes differ, so the area tells. */
const AREAS: Readonly<Record<string, number>> = Object.freeze({
  '360p': 640 * 360,
  '480p': 854 * 480,
  '540p': 960 * 540,
  '720p': 1280 * 720,
  '1080p': 1920 * 1080,
  '1440p': 2560 * 1440,
  '4k': 3840 * 2160,
});

/** Whether the price list has a line for this; by another nothing may be charged. */
export type HasLine = (trait: string, value: string) => boolean;

/** What was asked for, with what the main files say in its place; null: they say nothing. */
export function measure(asked: Amounts, doc: TaskDoc, hasLine: HasLine): Amounts | null {
  const main = doc.outputs.filter(({ role }) => role === 'main');
  const files = main.flatMap(({ file }) => (file === null ? [] : [file]));
  if (main.length === 0 || files.length < main.length) return null;
  const units = { ...asked.units };
  const traits = { ...asked.traits };
  let isMeasured = false;
  const put = (all: Record<string, string | number>, name: string, value: string | number) => {
    if (all[name] === undefined) return;
    all[name] = value;
    isMeasured = true;
  };
  for (const type of ['image', 'video', 'audio'] as const) {
    // Of several asked for some may have been withheld: what came is what is paid for.
    const count = main.filter((one) => one.type === type).length;
    if (count > 0) put(units, type, count);
  }
  const lengthMs = lengthOf(files);
  if (lengthMs !== null) {
    for (const unit of ['video_ms', 'audio_ms']) {
      const said = units[unit] ?? 0;
      put(units, unit, Math.abs(lengthMs - said) < SAME_MS ? said : lengthMs);
    }
    const duration = `${Math.round(lengthMs / files.length / MS_PER_S)}s`;
    if (hasLine('duration', duration)) put(traits, 'duration', duration);
  }
  const resolution = resolutionOf(files[0]);
  if (resolution !== null && hasLine('resolution', resolution)) {
    put(traits, 'resolution', resolution);
  }
  const megapixels = files.map(megapixelsOf);
  if (!megapixels.includes(null)) {
    const more = megapixels.reduce<number>((sum, count) => sum + (count ?? 1) - 1, 0);
    put(units, 'more_megapixels', more);
  }
  if (!isMeasured) return null;
  const hasTraits = Object.keys(traits).length > 0;
  return { ...asked, units, ...(hasTraits ? { traits } : {}) };
}

/** All of them together; null: one does not say. */
function lengthOf(files: readonly KeptFile[]): number | null {
  let sum = 0;
  for (const { durationMs } of files) {
    if (durationMs === null) return null;
    sum += durationMs;
  }
  return sum;
}

/** Begun ones; the first is charged apart from those after it. */
function megapixelsOf({ width, height }: KeptFile): number | null {
  if (width === null || height === null) return null;
  return Math.max(1, Math.ceil((width * height) / PIXELS_PER_MEGAPIXEL));
}

/** The word whose picture has the area nearest to this one's; null: none is near. */
export function resolutionOf(file: KeptFile | undefined): string | null {
  if (file === undefined || file.width === null || file.height === null) return null;
  const area = file.width * file.height;
  if (area === 0) return null;
  const off = ([, pixels]: readonly [string, number]): number => Math.abs(Math.log(area / pixels));
  const [nearest] = Object.entries(AREAS).sort((a, b) => off(a) - off(b));
  return nearest === undefined || off(nearest) > OFF_MAX ? null : nearest[0];
}
