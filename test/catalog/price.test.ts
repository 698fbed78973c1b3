import { describe, expect, test } from 'bun:test';
import { loadCatalog } from '../../src/catalog/load.ts';
import { priceOn } from '../../src/catalog/price.ts';
import type { Offer, PriceTable } from '../../src/catalog/shape.ts';

const catalog = loadCatalog([]);

function offerOf(model: string, vendor: string): Offer {
  const offer = catalog.find(model)?.offers.find((each) => each.vendor === vendor);
  if (offer === undefined) throw new Error(`${vendor} does not offer ${model}`);
  return offer;
}

function tableOf(model: string, vendor: string, day: string): PriceTable {
  const table = priceOn(offerOf(model, vendor), day);
  if (table === undefined) throw new Error(`${model} has no price on ${day}`);
  return table;
}

describe('priceOn', () => {
  test('takes the latest table that has begun, on its first day too', () => {
    expect(tableOf('glm-5.3-flash', 'zhipu', '2026-09-09').rows[0]?.input).toBe('0.40');
    expect(tableOf('glm-5.3-flash', 'zhipu', '2026-09-10').rows[0]?.input).toBe('0.80');
    expect(tableOf('gpt-5.6-luna', 'openai', '2026-07-29').rows[0]?.output).toBe('6.00');
    expect(tableOf('gpt-5.6-luna', 'openai', '2026-07-30').rows[0]?.output).toBe('1.20');
  });

  test('does not lean on the order of the tables', () => {
    const offer = offerOf('glm-5.3-flash', 'zhipu');
    const turned: Offer = { ...offer, prices: [...(offer.prices ?? [])].reverse() };
    expect(priceOn(turned, '2026-11-22')).toEqual(priceOn(offer, '2026-11-22') as PriceTable);
  });

  test('answers undefined before the first day, and where no price is known', () => {
    expect(priceOn(offerOf('glm-5.3-flash', 'zhipu'), '2026-08-27')).toBeUndefined();
    expect(priceOn(offerOf('doubao-seed-2-1-lite-260915', 'ark'), '2026-11-22')).toBeUndefined();
  });
});
