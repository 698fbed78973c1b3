/** What the operator says that models cost, where the catalogue says otherwise or nothing. */
import { priceTables } from './price-rules.ts';
import type { Model, Offer, PriceTable } from './shape.ts';

export interface OwnPrice {
  /** Id or alias. */
  readonly model: string;
  /** Only at this vendor, or at this upstream of it; null: wherever the model is served. */
  readonly vendor: string | null;
  readonly table: PriceTable;
}

const vendorOf = (place: string): string => place.split(':')[0] ?? place;

/** Throws an Error that names the setting which is wrong. */
export function applyPrices(models: readonly Model[], own: readonly OwnPrice[]): readonly Model[] {
  const byModel = new Map<Model, OwnPrice[]>();
  for (const one of own) {
    const model = models.find(
      ({ id, aliases = [] }) => id === one.model || aliases.includes(one.model),
    );
    if (model === undefined) throw new Error(`prices.${one.model}: there is no such model.`);
    byModel.set(model, [...(byModel.get(model) ?? []), one]);
  }
  return models.map((model) => {
    const prices = byModel.get(model);
    return prices === undefined ? model : priced(model, prices);
  });
}

function priced(model: Model, own: readonly OwnPrice[]): Model {
  const offers = [...model.offers];
  for (const { model: named, vendor } of own) {
    if (vendor === null || offers.some((offer) => offer.vendor === vendor)) continue;
    // An upstream that is priced alone offers the model by its vendor's name for it.
    const base = offers.find((offer) => offer.vendor === vendorOf(vendor));
    if (base === undefined) {
      throw new Error(`prices.${named}: ${vendor} does not offer this model.`);
    }
    offers.push({ ...base, vendor });
  }
  return { ...model, offers: offers.map((offer) => pricedOffer(offer, own)) };
}

/** What is said of one place counts before what is said of all. */
function pricedOffer(offer: Offer, own: readonly OwnPrice[]): Offer {
  const places = [offer.vendor, vendorOf(offer.vendor), null];
  const found = places.map((place) => own.filter(({ vendor }) => vendor === place));
  const mine = found.find((prices) => prices.length > 0);
  const first = mine?.[0];
  if (mine === undefined || first === undefined) return offer;
  const tables = mine.map(({ table }) => table);
  const checked = priceTables.safeParse(tables);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const place = issue?.path.slice(1).map(String).join('.') ?? '';
    throw new Error(`prices.${first.model}: ${place} ${issue?.message ?? 'is not valid'}`);
  }
  // Until the first day of the operator's own the catalogue's goes on.
  const begins = tables.reduce((least, { from }) => (from < least ? from : least), '9999-12-31');
  const before = (offer.prices ?? []).filter(({ from }) => from < begins);
  return { ...offer, prices: [...before, ...tables] };
}
