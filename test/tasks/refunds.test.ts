/** Who pays for a failure, and by what a success is counted. */
import { afterEach, describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../src/kit/json.ts';
import type { KeptFile, TaskDoc, TaskOutput } from '../../src/tasks/doc.ts';
import { measure } from '../../src/tasks/measure.ts';
import { accountOf } from '../suites/storage-rig.ts';
import { BALANCE, GRAM, makeRig, type Rig } from './rig.ts';

interface Failure {
  readonly burnt?: JsonObject;
  readonly refunds?: { readonly always?: string[]; readonly notRefused?: string[] };
  readonly grams: bigint;
}

describe('a failure', () => {
  let rig: Rig;
  afterEach(() => rig.stop());

  const guest = { blame: 'guest' };
  const billed = { blame: 'guest', billed: true };
  test.each([
    ['of the vendor is free', { grams: 0n }],
    ['for its input is free', { burnt: guest, grams: 0n }],
    ['that the vendor charges is passed on', { burnt: billed, grams: 100n }],
    ['that the operator bears', { burnt: billed, refunds: { always: ['ninth'] }, grams: 0n }],
    [
      'for its input, at a vendor that charges those',
      { burnt: guest, refunds: { notRefused: ['ninth'] }, grams: 100n },
    ],
    ['of such a vendor, for another reason', { refunds: { notRefused: ['ninth'] }, grams: 0n }],
    [
      'of a vendor that is no exception',
      { burnt: billed, refunds: { always: ['tenth'] }, grams: 100n },
    ],
  ])('%s', async (_, { burnt = {}, refunds = {}, grams }: Failure) => {
    rig = await makeRig({ refunds: { always: [], notRefused: [], ...refunds } });
    rig.kitchen.burnt = burnt;
    const { row } = await rig.create();
    rig.kitchen.all('burnt');
    await rig.until(async () => (await rig.task(row.id)).row.endedMs !== null);
    const left = await accountOf(rig.store, rig.purse);
    expect(left).toEqual({ balance: BALANCE - grams * GRAM, held: 0n });
    expect((await rig.task(row.id)).doc.charged).toBe(grams > 0n);
  });
});

const FILE: KeptFile = {
  ...{ key: 'k', bytes: 1, mime: 'video/mp4', sha256: '', expiresMs: null },
  ...{ durationMs: 5_000, width: 1_280, height: 720 },
};

function madeOf(...files: (Partial<KeptFile> | null)[]): TaskDoc {
  const outputs = files.map((file): TaskOutput => {
    const type = file?.mime?.startsWith('image') === true ? 'image' : 'video';
    const base = { type, role: 'main', url: 'https://a.test/1', lost: null } as const;
    return { ...base, file: file === null ? null : { ...FILE, ...file } };
  });
  return { outputs } as Partial<TaskDoc> as TaskDoc;
}

describe('counted by its files', () => {
  const lines = (...known: string[]) => {
    return (trait: string, value: string) => known.includes(`${trait}=${value}`);
  };
  const all = lines('resolution=720p', 'resolution=1080p', 'duration=5s', 'duration=9s');
  const second = { units: { video_ms: 5_000 } };

  test.each([
    ['as long as asked, but for a few frames', 5_040, 5_000],
    ['longer than asked', 9_000, 9_000],
    ['shorter than asked', 3_200, 3_200],
  ])('a video %s', (_, durationMs, video_ms) => {
    expect(measure(second, madeOf({ durationMs }), all)?.units).toEqual({ video_ms });
  });

  test('several videos are counted together', () => {
    expect(measure(second, madeOf({}, {}), all)?.units).toEqual({ video_ms: 10_000 });
  });

  test.each([
    ['1080p made where 720p was asked', [1_920, 1_080], '1080p'],
    ['of another shape', [1_504, 640], '720p'],
    ['of no size that a price knows', [640, 360], '720p'],
    ['of no size at all', [64, 64], '720p'],
  ] as const)('a size: %s', (_, [width, height], resolution) => {
    const asked = { units: { video: 1 }, traits: { resolution: '720p', duration: '5s' } };
    const got = measure(asked, madeOf({ width, height }), all);
    expect(got?.traits).toEqual({ resolution, duration: '5s' });
  });

  test('a length that the price list tells apart', () => {
    const asked = { units: { video: 1 }, traits: { duration: '5s' } };
    const at = (durationMs: number) => measure(asked, madeOf({ durationMs }), all)?.traits;
    expect([at(9_100), at(7_000)]).toEqual([{ duration: '9s' }, { duration: '5s' }]);
  });

  test('pictures: as many as came, and by their megapixels', () => {
    const png = { mime: 'image/png', durationMs: null, width: 1_024, height: 1_024 };
    const asked = { units: { image: 4, more_megapixels: 0 } };
    expect(measure(asked, madeOf(png, png), all)?.units).toEqual({ image: 2, more_megapixels: 0 });
    const large = { ...png, width: 2_048 };
    expect(measure(asked, madeOf(large), all)?.units).toEqual({ image: 1, more_megapixels: 1 });
  });

  test('nothing where a file is not ours, says nothing, or what is counted is no file', () => {
    expect(measure(second, madeOf({}, null), all)).toBeNull();
    expect(measure(second, madeOf(), all)).toBeNull();
    expect(measure(second, madeOf({ durationMs: null }), all)).toBeNull();
    expect(measure({ units: { run: 1 } }, madeOf({}), all)).toBeNull();
  });
});
