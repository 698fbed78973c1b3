/** Prices of the operator's own: where they count, from when, and what is wrong with bad ones. */
import { afterAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCatalog } from '../../src/catalog/load.ts';
import { priceOn } from '../../src/catalog/price.ts';
import type { PriceRow } from '../../src/catalog/shape.ts';
import { ownPrices } from '../../src/cli/price-settings.ts';
import { loadSettings } from '../../src/cli/settings.ts';
import { priceCall, readPrice } from '../../src/ledger/price.ts';
import { quantities } from '../../src/tasks/finish.ts';
import { UNITS } from '../../src/vendors/job.ts';
import type { Amounts } from '../../src/vendors/long.ts';
import { cleanUp, keepYaml } from '../e2e/gateway.ts';

afterAll(cleanUp);

const PLACES = ['midjourney', 'volc-visual', 'ark', 'ark:main', 'luma', 'kling'];
const NANOS = 1_000_000_000n;

/** The catalogue under these settings, as a start loads it. */
function load(yaml: string) {
  const settings = loadSettings({ env: {}, file: keepYaml(yaml), flags: {} });
  return loadCatalog([], ownPrices(settings, PLACES));
}

function rowsOf(yaml: string, model: string, day = '2026-11-26'): readonly PriceRow[] {
  const offer = load(yaml).find(model)?.offers[0];
  return (offer === undefined ? undefined : priceOn(offer, day))?.rows ?? [];
}

const cost = (rows: readonly PriceRow[], amounts: Amounts): bigint =>
  priceCall(readPrice(rows, 'CNY', '1'), quantities(amounts));

describe('a price of the operator’s own', () => {
  test('sells a model that the catalogue has no price for, by its traits', () => {
    const rows = rowsOf(
      `prices:
        midjourney:
          rows:
            - { when: { mode: fast, action: imagine }, units: { task: "0.80" } }
            - { when: { mode: fast }, units: { task: 0.5 } }
            - { units: { task: "0.30" } }`,
      'midjourney',
    );
    const asked = (action: string, mode: string) =>
      cost(rows, { units: { task: 1 }, traits: { action, mode } });
    expect(asked('imagine', 'fast')).toBe((8n * NANOS) / 10n);
    expect(asked('blend', 'fast')).toBe((5n * NANOS) / 10n);
    expect(asked('blend', 'relax')).toBe((3n * NANOS) / 10n);
  });

  test('is by the second where people say seconds, by the run, the picture, the token', () => {
    const seconds = 'prices: { omnihuman-1.5: { units: { video_s: "1.2" } } }';
    expect(cost(rowsOf(seconds, 'omnihuman-1.5'), { units: { video_ms: 2_500 } })).toBe(3n * NANOS);
    const half = 'prices: { omnihuman-1.5: { units: { video_s: { price: "3", per: 5 } } } }';
    expect(cost(rowsOf(half, 'omnihuman-1.5'), { units: { video_ms: 5_000 } })).toBe(3n * NANOS);
    const picture = 'prices: { seededit-3.0: { units: { image: "0.3" } } }';
    expect(cost(rowsOf(picture, 'seededit-3.0'), { units: { image: 2 } })).toBe((6n * NANOS) / 10n);
    const tokens = 'prices: { deepseek-v4-pro: { input: "1", output: "2", cached_input: "0.1" } }';
    const used = { inputTokens: 1_000_000, outputTokens: 500_000 };
    expect(cost(rowsOf(tokens, 'deepseek-v4-pro'), used)).toBe(2n * NANOS);
  });

  test('counts in place of the catalogue’s, from its own day on', () => {
    const model = 'jimeng-video-3.0';
    const yaml = `prices: { ${model}: { from: "2026-12-01", units: { video_s: "9" } } }`;
    const listed = rowsOf('', model);
    expect(rowsOf(yaml, model, '2026-11-30')).toEqual([...listed]);
    expect(rowsOf(yaml, model, '2026-12-01')).toEqual([
      { units: { video_ms: { price: '9', per: 1_000 } } },
    ]);
    expect(
      rowsOf(`prices: { ${model}: { units: { video_s: "9" } } }`, model, '2020-01-01'),
    ).toEqual([{ units: { video_ms: { price: '9', per: 1_000 } } }]);
  });

  test('of one place counts there, and everywhere else the other', () => {
    const id = 'doubao-seedance-1-0-pro-250528';
    const yaml = `prices:
      doubao-seedance-1-0-pro:
        - { input: "0", output: "20" }
        - { vendor: "ark:main", currency: USD, input: "0", output: "1" }`;
    const offers = load(yaml).find(id)?.offers ?? [];
    const seen = offers.map(({ vendor, wireName, prices }) => [
      ...[vendor, wireName, prices?.[0]?.currency, prices?.[0]?.rows[0]?.output],
    ]);
    expect(seen).toEqual([
      ['ark', id, 'CNY', '20'],
      ['ark:main', id, 'USD', '1'],
    ]);
  });

  test.each([
    ['prices: { nothing: { units: { image: "1" } } }', 'prices.nothing: there is no such model'],
    [
      'prices: { midjourney: { vendor: nobody, units: { task: "1" } } }',
      'prices.midjourney: there is no vendor or upstream "nobody"',
    ],
    [
      'prices: { midjourney: { vendor: luma, units: { task: "1" } } }',
      'prices.midjourney: luma does not offer this model',
    ],
    ['prices: { midjourney: { units: { picture: "1" } } }', 'known: image, '],
    ['prices: { midjourney: { input: "1" } }', 'give both input and output'],
    ['prices: { midjourney: { from: "2026-01-01" } }', 'give either rows, or'],
    ['prices: { midjourney: { units: { task: "a lot" } } }', 'prices.midjourney'],
    [
      'prices: { midjourney: { rows: [{ when: { mode: fast }, units: { task: "1" } }] } }',
      'prices.midjourney: rows must end with a row without limits',
    ],
    [
      'prices: { midjourney: [{ units: { task: "1" } }, { units: { task: "2" } }] }',
      'two tables that begin on one day',
    ],
    [
      'prices: { midjourney: { currency: EUR, units: { task: "1" } } }',
      'exchange.EUR: set what it costs in CNY',
    ],
  ])('%s is refused by name', (yaml, words) => {
    expect(() => load(yaml)).toThrow(words);
  });
});

test('every unit that a vendor or a price of the catalogue counts in can be priced', () => {
  const root = join(import.meta.dir, '../../src');
  const files = ['vendors', 'catalog/models'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8')),
  );
  const named = files.flatMap((text) =>
    [...text.matchAll(/units: \{ ?(\w+)(?::|,| \})/g)].map(([, name]) => name ?? ''),
  );
  expect(new Set(named).size).toBeGreaterThan(6);
  expect([...new Set(named)].filter((name) => !UNITS.includes(name))).toEqual([]);
});
