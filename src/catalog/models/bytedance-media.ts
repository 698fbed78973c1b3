/** Doubao's vectors and pictures, on Volcengine Ark. */
import type { Model, PriceTable } from '../shape.ts';

const ABILITIES = Object.freeze({
  tools: false,
  images: false,
  json: 'none',
  reasoning: false,
} as const);
const LIST = {
  from: '2025-12-19',
  currency: 'CNY',
  source: 'volcengine.com/docs/82379/1544106, copy of 2025-12-19',
  checked: '2025-12-19',
  unverified: true,
} as const;
const MILLION = 1_000_000;

function perText(input: string): readonly PriceTable[] {
  return [{ ...LIST, rows: [{ input }] }];
}

function perPicture(price: string): readonly PriceTable[] {
  return [{ ...LIST, rows: [{ units: { image: { price } } }] }];
}

type Vector = readonly [id: string, contextTokens: number, prices: readonly PriceTable[]];

/** unverified: the lengths of input, from the pages of the models in the same copy. */
const VECTORS: readonly Vector[] = [
  ['doubao-embedding-large-text-250515', 4_096, perText('0.70')],
  ['doubao-embedding-text-240715', 4_096, perText('0.50')],
  [
    'doubao-embedding-vision-251215',
    131_072,
    [
      {
        ...LIST,
        // A token of a picture costs 1.80: what it costs more than one of text stands apart.
        rows: [{ input: '0.70', units: { image_token: { price: '1.10', per: MILLION } } }],
      },
    ],
  ],
];

type Picture = readonly [id: string, prices: readonly PriceTable[] | null];

/** No price in yuan was found for the 5.0 models. */
const PICTURES: readonly Picture[] = [
  ['doubao-seedream-5-0-pro-260628', null],
  ['doubao-seedream-5-0-260128', null],
  ['doubao-seedream-4-5-251128', perPicture('0.25')],
  ['doubao-seedream-4-0-250828', perPicture('0.20')],
  ['doubao-seedream-3-0-t2i-250415', perPicture('0.259')],
  ['doubao-seededit-3-0-i2i-250628', perPicture('0.30')],
];

function offers(id: string, prices: readonly PriceTable[] | null): Model['offers'] {
  return [{ vendor: 'ark', wireName: id, ...(prices === null ? {} : { prices }) }];
}

export default [
  ...VECTORS.map(
    ([id, contextTokens, prices]): Model => ({
      id,
      maker: 'bytedance',
      kind: 'embedding',
      contextTokens,
      outputTokensMax: 0,
      abilities: ABILITIES,
      offers: offers(id, prices),
      aliases: [id.replace(/-\d{6}$/, '')],
    }),
  ),
  ...PICTURES.map(
    ([id, prices]): Model => ({
      id,
      maker: 'bytedance',
      kind: 'image',
      contextTokens: 0,
      outputTokensMax: 0,
      abilities: ABILITIES,
      offers: offers(id, prices),
      aliases: [id.replace(/-\d{6}$/, '')],
    }),
  ),
] satisfies readonly Model[];
