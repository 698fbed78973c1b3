/** Flux at Black Forest Labs. */
import type { Model, UnitPrice } from '../shape.ts';

type Units = Readonly<Record<string, UnitPrice>>;

function flux(id: string, units: Units | null): Model {
  return {
    ...{ id, maker: 'black-forest-labs', kind: 'image', contextTokens: 0, outputTokensMax: 0 },
    abilities: { tools: false, images: true, json: 'none', reasoning: false },
    offers: [{ vendor: 'bfl', wireName: id, ...(units === null ? {} : { prices: list(units) }) }],
  };
}

function list(units: Units) {
  return [
    {
      ...{ from: '2026-01-01', currency: 'USD', rows: [{ units }] },
      source: "copies of black-forest-labs/skills, 2026; one of the vendor's credits is 0.01 USD",
      ...{ checked: '2026-11-22', unverified: true },
    },
  ];
}

const image = (price: string): Units => ({ image: { price } });

/** The first megapixel of what is made, and each begun one after it. */
const pixels = (first: string, more: string): Units => ({
  image: { price: first },
  more_megapixels: { price: more },
});

export default [
  flux('flux-2-klein-4b', pixels('0.014', '0.001')),
  flux('flux-2-klein-9b', pixels('0.015', '0.002')),
  flux('flux-2-pro', pixels('0.03', '0.015')),
  flux('flux-2-max', pixels('0.07', '0.03')),
  // Sources say 0.05 and 0.06; the dearer one counts.
  flux('flux-2-flex', pixels('0.06', '0.06')),
  flux('flux-kontext-pro', image('0.04')),
  flux('flux-kontext-max', image('0.08')),
  flux('flux-pro-1.1', image('0.04')),
  flux('flux-pro-1.1-ultra', image('0.06')),
  flux('flux-pro', image('0.05')),
  flux('flux-dev', image('0.025')),
  flux('flux-pro-1.0-fill', image('0.05')),
  flux('flux-pro-1.0-expand', null),
  flux('flux-pro-1.0-canny', null),
  flux('flux-pro-1.0-depth', null),
] satisfies readonly Model[];
