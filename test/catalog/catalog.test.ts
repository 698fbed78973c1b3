import { describe, expect, test } from 'bun:test';
import { loadCatalog } from '../../src/catalog/load.ts';
import type { Model, PriceRow, PriceTable } from '../../src/catalog/shape.ts';
import { VENDORS } from '../../src/vendors/index.ts';

const catalog = loadCatalog([]);
const models = catalog.list();

const MODEL: Model = {
  id: 'house-model',
  maker: 'house',
  kind: 'chat',
  contextTokens: 1_000,
  outputTokensMax: 100,
  abilities: { tools: false, images: false, json: 'none', reasoning: false },
  offers: [{ vendor: 'openai-compatible', wireName: 'house' }],
};

function priced(rows: readonly PriceRow[]): Model {
  const table: PriceTable = {
    from: '2026-01-01',
    currency: 'USD',
    rows,
    source: 'test',
    checked: '2026-01-01',
  };
  return { ...MODEL, offers: [{ vendor: 'openai', wireName: 'x', prices: [table] }] };
}

function tables(): { model: string; table: PriceTable }[] {
  return models.flatMap((model) =>
    model.offers.flatMap((offer) =>
      (offer.prices ?? []).map((table) => ({ model: model.id, table })),
    ),
  );
}

describe('the built-in models', () => {
  test('are offered by vendors that exist', () => {
    for (const model of models) {
      for (const offer of model.offers) expect(Object.keys(VENDORS)).toContain(offer.vendor);
    }
  });

  test('leave no vendor without one, but those whose models the operator names', () => {
    const serving = new Set(models.flatMap((model) => model.offers.map((offer) => offer.vendor)));
    const idle = Object.keys(VENDORS).filter((id) => !serving.has(id));
    expect(idle).toEqual(['openai-compatible']);
  });

  test('fit in their own context', () => {
    for (const model of models) {
      expect(model.outputTokensMax).toBeLessThanOrEqual(model.contextTokens);
    }
  });

  test('have prices whose tiers ascend and whose last row fits any call', () => {
    for (const { table } of tables()) {
      const inputs = table.rows.map((row) => row.inputTokensMax ?? Number.POSITIVE_INFINITY);
      expect(inputs).toEqual([...inputs].sort((a, b) => a - b));
      expect(table.rows.at(-1)?.inputTokensMax).toBeUndefined();
      expect(table.rows.at(-1)?.outputTokensMax).toBeUndefined();
    }
  });

  test('never charge more for cached input than for plain', () => {
    for (const { table } of tables()) {
      for (const row of table.rows) {
        const { input = '0', cachedInput = input } = row;
        expect(Number(cachedInput)).toBeLessThanOrEqual(Number(input));
      }
    }
  });

  test('were checked on a day that has been, and say where', () => {
    for (const { table } of tables()) {
      expect(table.checked <= '2026-11-26').toBe(true);
      expect(table.source).not.toBe('');
    }
  });

  test('have the ones that the documents name', () => {
    expect(catalog.find('gpt-4o-2024-08-06')?.retires).toBe('2027-01-14');
    for (const id of ['doubao-seed-1-6-250615', 'doubao-seed-2-1-pro-260915']) {
      expect(catalog.find(id)?.offers[0]?.vendor).toBe('ark');
    }
  });
});

describe('loadCatalog', () => {
  test('finds by id and by alias, and nothing else', () => {
    const loaded = loadCatalog([{ ...MODEL, aliases: ['ours'] }]);
    expect(loaded.find('ours')).toBe(loaded.find('house-model') as Model);
    expect(loaded.find('OURS')).toBeUndefined();
    expect(loaded.find('constructor')).toBeUndefined();
    expect(loaded.list().length).toBe(models.length + 1);
  });

  test('freezes everything and leaves what it was given alone', () => {
    const given = structuredClone(MODEL);
    const loaded = loadCatalog([given]);
    expect(Object.isFrozen(loaded.find('house-model')?.offers[0])).toBe(true);
    expect(Object.isFrozen(given)).toBe(false);
    expect(Object.isFrozen(models)).toBe(true);
  });

  test('a model that is named again brings its offers, the later of a vendor counting', () => {
    const [offer] = MODEL.offers;
    if (offer === undefined) throw new Error('the model of this test has an offer');
    const again = { ...MODEL, offers: [{ ...offer, wireName: 'later' }] };
    const other = { ...MODEL, offers: [{ ...offer, vendor: 'elsewhere' }] };
    const found = loadCatalog([MODEL, again, other]).find('house-model');
    expect(found?.offers.map(({ vendor, wireName }) => [vendor, wireName])).toEqual([
      [offer.vendor, 'later'],
      ['elsewhere', offer.wireName],
    ]);
  });

  test('refuses a name that is taken, by alias, and tells both models', () => {
    const clash = (extra: Model[]) => () => loadCatalog(extra);
    expect(clash([{ ...MODEL, aliases: ['gpt-4o'] }])).toThrow(
      'Model "house-model" cannot be called "gpt-4o": model "gpt-4o" already is.',
    );
    expect(clash([{ ...MODEL, id: 'doubao-seed-1.6' }])).toThrow('"doubao-seed-1-6-251015"');
  });

  test.each([
    ['contextTokens', { ...MODEL, contextTokens: 0 }],
    ['retires', { ...MODEL, retires: '2026-02-30' }],
    ['offers', { ...MODEL, offers: [] }],
    ['lists one vendor twice', { ...MODEL, offers: [...MODEL.offers, ...MODEL.offers] }],
    ['extra', { ...MODEL, extra: 1 } as Model],
    ['decimal', priced([{ input: '1e3', output: '1' }])],
    ['decimal', priced([{ input: '1', output: '-1' }])],
    ['without limits', priced([{ inputTokensMax: 10, input: '1', output: '1' }])],
    [
      'never counts',
      priced([
        { input: '1', output: '1' },
        { inputTokensMax: 10, input: '1', output: '1' },
      ]),
    ],
  ] as [string, Model][])('refuses bad data and names the model: %s', (words, bad) => {
    expect(() => loadCatalog([bad])).toThrow('"house-model"');
    expect(() => loadCatalog([bad])).toThrow(words);
  });
});
