import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { loadCatalog } from '../../src/catalog/load.ts';
import { priceOn } from '../../src/catalog/price.ts';
import type { PriceRow } from '../../src/catalog/shape.ts';
import { formatMoney, NANOS_PER_UNIT } from '../../src/kit/money.ts';
import {
  coversAny,
  type Price,
  priceAtMost,
  priceCall,
  readPrice,
} from '../../src/ledger/price.ts';

const DAY = '2026-11-22';
const MILLION = 1_000_000n;
const catalog = loadCatalog([]);

function priceOf(model: string, vendor: string): Price {
  const offer = catalog.find(model)?.offers.find((each) => each.vendor === vendor);
  const table = offer === undefined ? undefined : priceOn(offer, DAY);
  if (table === undefined) throw new Error(`no price of ${model} at ${vendor}`);
  return readPrice(table.rows, table.currency, '1');
}

const count = (inputTokens: number, outputTokens: number, cachedInputTokens = 0) => ({
  inputTokens,
  outputTokens,
  cachedInputTokens,
  reasoningTokens: 0,
});

/** What one more output token would cost a million times, within one line of the list. */
function outputRate(price: Price, input: number, output: number): string {
  const plain = price.rates.filter(({ when }) => Object.keys(when).length === 0);
  const line = plain.find(
    (rates) => input <= rates.inputTokensMax && output <= rates.outputTokensMax,
  );
  const inputCost = BigInt(input) * (line?.input ?? 0n);
  const outputCost = priceCall(price, count(input, output)) * MILLION - inputCost;
  return formatMoney(outputCost / BigInt(output));
}

describe('tiers of the catalogue', () => {
  const doubao = priceOf('doubao-seed-1-6-250615', 'ark');
  test.each([
    [1, 1, '2'],
    [32_000, 200, '2'],
    [32_000, 201, '8'],
    [32_001, 1, '16'],
    [128_000, 200, '16'],
    [128_001, 200, '24'],
  ])('%d in and %d out: %s a million out', (input, output, rate) => {
    expect(outputRate(doubao, input, output)).toBe(rate);
  });

  test.each([
    [32_000, 201],
    [128_000, 10],
    [200_000, 5_000],
  ])('batch inference of %d in and %d out is half of it', (input, output) => {
    const batch = { ...count(input, output), traits: { service: 'batch' } };
    expect(priceCall(doubao, batch) * 2n).toBe(priceCall(doubao, count(input, output)));
    expect(priceAtMost(doubao, batch)).toBeGreaterThanOrEqual(priceCall(doubao, batch));
  });

  test('cached input has its own price in each tier', () => {
    const gpt = priceOf('gpt-5.5', 'openai');
    const cached = (tokens: number) =>
      (priceCall(gpt, count(tokens, 0, tokens)) * MILLION) / BigInt(tokens);
    expect(formatMoney(cached(272_000))).toBe('0.5');
    expect(formatMoney(cached(272_001))).toBe('1');
  });
});

const LIST = [
  { inputTokensMax: 10, input: '2', output: '4', cachedInput: '0.5' },
  { input: '20', output: '40' },
];

describe('priceCall', () => {
  const price = readPrice(LIST, 'CNY', '1');

  test('cached tokens are priced once, at their own price', () => {
    expect(priceCall(price, count(10, 0, 0))).toBe(20_000n);
    expect(priceCall(price, count(10, 0, 4))).toBe(14_000n);
    expect(priceCall(price, count(10, 0, 10))).toBe(5_000n);
    expect(priceCall(price, count(10, 0, 99))).toBe(5_000n);
    expect(priceCall(price, count(11, 0, 11))).toBe(220_000n);
  });

  test('reasoning is part of the output and costs nothing beside it', () => {
    expect(priceCall(price, { ...count(0, 5), reasoningTokens: 5 })).toBe(20_000n);
  });

  test('rounds up, once for the whole call', () => {
    const tiny = readPrice([{ input: '0.000000001', output: '0.000000001' }], 'CNY', '1');
    expect(priceCall(tiny, count(1, 0))).toBe(1n);
    expect(priceCall(tiny, count(1, 1))).toBe(1n);
    expect(priceCall(tiny, count(1_000_001, 0))).toBe(2n);
    expect(priceCall(tiny, count(0, 0))).toBe(0n);
  });

  test('an exchange rate turns it into the money of the house, rounded up', () => {
    const dollars = readPrice([{ input: '1', output: '2' }], 'USD', '7.1');
    expect(priceCall(dollars, count(1_000_000, 0))).toBe((71n * NANOS_PER_UNIT) / 10n);
    const odd = readPrice([{ input: '0.000000001', output: '0' }], 'USD', '0.3');
    expect(priceCall(odd, count(1_000_000, 0))).toBe(1n);
    expect(JSON.parse(dollars.snapshot)).toEqual({
      currency: 'USD',
      exchange: '7.1',
      lines: [{ input: '1', output: '2' }],
    });
  });

  test('what is no decimal fails when it is read', () => {
    expect(() => readPrice([{ input: 'x', output: '1' }], 'CNY', '1')).toThrow('"x"');
    expect(() => readPrice([{ input: '1', output: '-1' }], 'CNY', '1')).toThrow('"-1"');
    expect(() => readPrice([{ input: '1', output: '1' }], 'CNY', '1,5')).toThrow('"1,5"');
  });
});

const PRICES = catalog
  .list()
  .flatMap((model) => model.offers)
  .flatMap((offer) => priceOn(offer, DAY) ?? [])
  .map((table) => readPrice(table.rows, table.currency, '7.1'));

const tokens = fc.oneof(
  fc.nat(2_000_000),
  fc.nat(300),
  fc.constantFrom(32_000, 32_001, 128_000, 128_001, 200_000, 200_001, 256_000, 272_000, 272_001),
);

describe('what is not counted in tokens', () => {
  const none = count(0, 0);
  const images = readPrice([{ units: { image: { price: '0.25' } } }], 'CNY', '1');
  const video = readPrice(
    [
      { when: { resolution: '1080p' }, units: { video_ms: { price: '3', per: 1_000 } } },
      { when: { resolution: '720p' }, units: { video_ms: { price: '1', per: 1_000 } } },
      { units: { video_ms: { price: '5', per: 1_000 } } },
    ],
    'CNY',
    '1',
  );
  const shot = (video_ms: number, resolution?: string) => ({
    ...none,
    units: { video_ms },
    ...(resolution === undefined ? {} : { traits: { resolution } }),
  });

  test('is priced by the unit, tokens beside it costing nothing', () => {
    expect(priceCall(images, { ...none, units: { image: 3 } })).toBe(750_000_000n);
    expect(priceCall(images, count(1_000_000, 1_000_000))).toBe(0n);
    expect(priceCall(video, shot(1, '720p'))).toBe(1_000_000n);
  });

  test('by the traits of the call; the last line where none fits', () => {
    expect(priceCall(video, shot(5_000, '1080p'))).toBe(15_000_000_000n);
    expect(priceCall(video, shot(5_000, '720p'))).toBe(5_000_000_000n);
    expect(priceCall(video, shot(5_000, '4k'))).toBe(25_000_000_000n);
    expect(priceCall(video, shot(5_000))).toBe(25_000_000_000n);
  });

  test('and at most by the dearest line that may still fit', () => {
    expect(priceAtMost(video, shot(5_000, '720p'))).toBe(5_000_000_000n);
    expect(priceAtMost(video, shot(5_000))).toBe(25_000_000_000n);
    const cheapLast = readPrice(
      [{ when: { service: 'fast' }, input: '9' }, { input: '1' }],
      'CNY',
      '1',
    );
    expect(priceAtMost(cheapLast, count(1_000_000, 0))).toBe(9_000_000_000n);
    const batch = { ...count(1_000_000, 0), traits: { service: 'batch' } };
    expect(priceAtMost(cheapLast, batch)).toBe(1_000_000_000n);
  });

  test('input that is written to a cache has a price of its own', () => {
    const price = readPrice(
      [{ input: '4', output: '0', cachedInput: '1', cacheWrite: '5' }],
      'CNY',
      '1',
    );
    const counted = { ...count(1_000_000, 0, 200_000), cacheWriteTokens: 300_000 };
    expect(priceCall(price, counted)).toBe(2_000_000_000n + 200_000_000n + 1_500_000_000n);
    expect(priceAtMost(price, count(1_000_000, 0))).toBe(5_000_000_000n);
  });
});

describe('priceAtMost', () => {
  test('there are prices to try it on', () => {
    expect(PRICES.length).toBeGreaterThan(30);
    expect(PRICES.some((price) => price.rates.length > 2)).toBeTrue();
  });

  test('no call within these tokens costs more, at any price of the catalogue', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...PRICES),
        fc.tuple(tokens, tokens),
        fc.tuple(share, share, share),
        (price, [input, output], [ofInput, ofOutput, ofCached]) => {
          const most = priceAtMost(price, count(input, output));
          const used = Math.floor(input * ofInput);
          const cached = Math.floor(used * ofCached);
          const smaller = count(used, Math.floor(output * ofOutput), cached);
          expect(priceCall(price, smaller) <= most).toBeTrue();
          expect(priceCall(price, count(input, output)) <= most).toBeTrue();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('nor at lists that were made up, and it is reached', () => {
    const rate = fc.constantFrom('0', '0.1', '1', '2.5', '30');
    const bound = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });
    const line = fc.record({
      inputTokensMax: bound,
      outputTokensMax: bound,
      input: rate,
      output: rate,
      cachedInput: rate,
    });
    const list = fc.array(line, { maxLength: 4 }).map((lines) => [
      ...lines.map(({ inputTokensMax, outputTokensMax, ...rates }) => ({
        ...rates,
        ...(inputTokensMax === undefined ? {} : { inputTokensMax }),
        ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
      })),
      { input: '3', output: '6' },
    ]);
    const few = fc.nat(50);
    fc.assert(
      fc.property(list, fc.tuple(few, few, few), fc.tuple(few, few), (lines, used, room) => {
        const price = readPrice(lines, 'CNY', '1');
        const [input, output, cached] = used;
        const most = priceAtMost(price, count(input + room[0], output + room[1]));
        expect(priceCall(price, count(input, output, Math.min(cached, input))) <= most).toBeTrue();
      }),
      { numRuns: 2_000 },
    );
    const flat = readPrice([{ input: '1', output: '2', cachedInput: '0.1' }], 'CNY', '1');
    expect(priceAtMost(flat, count(100, 50))).toBe(priceCall(flat, count(100, 50)));
  });
});

describe('what a price says nothing of', () => {
  const none = count(0, 0);
  const unit = (units: Record<string, number>, traits = {}) => ({ ...none, units, traits });

  test('is known, so that nobody makes a gift of it', () => {
    const big: PriceRow = { when: { size: 'big' }, units: { video: { price: '9' } } };
    const price = readPrice([big, { units: { image: { price: '0' } } }], 'CNY', '1');
    expect(coversAny(price, unit({ image: 1 }))).toBeTrue();
    expect(coversAny(price, unit({ video: 1 }))).toBeTrue();
    expect(coversAny(price, unit({ video: 1 }, { size: 'small' }))).toBeFalse();
    expect(coversAny(price, unit({ run: 1 }))).toBeFalse();
    expect(coversAny(price, unit({ run: 1, image: 1 }))).toBeTrue();
    expect(coversAny(price, count(5, 0))).toBeFalse();
    // Nothing was counted at all.
    expect(coversAny(price, unit({}))).toBeTrue();
    const tokens = readPrice([{ input: '0', output: '0' }], 'CNY', '1');
    expect(coversAny(tokens, count(5, 0))).toBeTrue();
    expect(coversAny(tokens, unit({ image: 1 }))).toBeFalse();
  });
});
