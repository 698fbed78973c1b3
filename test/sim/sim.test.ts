/** Hundreds of seeds of the whole story of money; and bugs planted, to see that they are found. */
import { describe, expect, test } from 'bun:test';
import type { Flaw } from './books.ts';
import { FATES } from './node.ts';
import { addCounts, runSeed, sweepSeed, tellSeed } from './world.ts';

const SEEDS = 300;
const SWEPT = 7;
/** A planted bug shows itself within so many seeds. */
const FLAW_SEEDS = 100;

/** Without these a simulation proves nothing. */
const MUST_HAPPEN = [
  ...FATES.map((fate) => `node ${fate}`),
  'answer broken off',
  'answer whole',
  'asked again',
  'caller gone (abort)',
  'caller gone (drain)',
  'charge proven',
  'failed write',
  'fault: budget_exceeded',
  'fault: insufficient_balance',
  'fault: structured_output_failed',
  'fault: vendor_timeout',
  'left: unknown',
  'parked hold',
  'rescued',
  'settled: charged',
  'settled: released',
  'settled late',
  'shortfall',
  'vendor: cut stream',
  'vendor: reset stream',
  'vendor: wrong usage',
];

describe('the books', () => {
  test(`stay good for ${SEEDS} seeds, in which everything happens`, async () => {
    const counts: Record<string, number> = {};
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const told = await runSeed(seed);
      addCounts(counts, told.counts);
      if (told.broken !== null) broken.push(tellSeed(seed, told.broken));
    }
    expect(broken).toEqual([]);
    expect(MUST_HAPPEN.filter((name) => (counts[name] ?? 0) < 5)).toEqual([]);
  });

  test.each([...FATES])('stay good where a write %s, whichever it is', async (fate) => {
    const told = await sweepSeed(SWEPT, fate);
    expect(told.map(({ broken }) => broken).filter((one) => one !== null)).toEqual([]);
    expect(told.length).toBeGreaterThan(5);
    const met = told.filter(({ counts }) => counts[`node ${fate}`] === 1);
    expect(met).toHaveLength(told.length - 1);
  });
});

test('a seed does the same each time, and another does not', async () => {
  const [first, again, other] = [await runSeed(11), await runSeed(11), await runSeed(12)];
  expect(first.trace.length).toBeGreaterThan(20);
  expect(again).toEqual(first);
  expect(other.trace).not.toEqual(first.trace);
});

describe('a planted bug is found, and again by its seed', () => {
  const flaws: [Flaw, RegExp][] = [
    ['settles_twice', /settled twice|is wrong|its calls|not that of its entries|cause/],
    ['forgets_hold', /holds \d+, its calls|nothing is held/],
    ['charges_free', /is released, and charged/],
    ['miscounts', /costs \d+, not \d+/],
    ['keeps_held', /holds \d+, its calls/],
  ];
  test.each(flaws)('%s', async (flaw, words) => {
    let seed = 1;
    let told = await runSeed(seed, { flaw });
    while (told.broken === null && seed < FLAW_SEEDS) {
      seed += 1;
      told = await runSeed(seed, { flaw });
    }
    expect(told.broken).toMatch(words);
    expect(await runSeed(seed, { flaw })).toEqual(told);
    expect((await runSeed(seed)).broken).toBeNull();
    expect(tellSeed(seed, told.broken ?? '')).toContain(`--from ${seed} --trace`);
  });
});
