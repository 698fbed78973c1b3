/** Models that make videos and pictures in minutes, and are asked through tasks. */
import type { Model, PriceRow } from '../shape.ts';

const NONE = { tools: false, images: true, json: 'none', reasoning: false } as const;
const SIZES = { contextTokens: 0, outputTokensMax: 0, abilities: NONE } as const;

/** A video's tokens, by the million; offline work costs half. */
function seedance(id: string, price: string, half: string): Model {
  return {
    id,
    maker: 'bytedance',
    kind: 'video',
    ...SIZES,
    aliases: [id.replace(/-\d{6}$/, '')],
    offers: [
      {
        vendor: 'ark',
        wireName: id,
        prices: [
          {
            from: '2025-12-19',
            currency: 'CNY',
            rows: [{ when: { service: 'flex' }, output: half }, { output: price }],
            source: 'volcengine.com/docs/82379/1544106, copy of 2025-12-19',
            checked: '2025-12-19',
            unverified: true,
          },
        ],
      },
    ],
  };
}

/** One price a video, by size and length. The last row is the dearest, for what is not listed. */
function ray(id: string, rows: readonly (readonly [string, string, string])[]): Model {
  const lines: PriceRow[] = rows.map(([resolution, duration, price]) => ({
    when: { resolution, duration },
    units: { video: { price } },
  }));
  const dearest = rows.at(-1)?.[2] ?? '0';
  return luma(id, 'video', [...lines, { units: { video: { price: dearest } } }]);
}

function luma(id: string, kind: 'video' | 'image', rows: readonly PriceRow[]): Model {
  return {
    id,
    maker: 'luma',
    kind,
    ...SIZES,
    offers: [
      {
        vendor: 'luma',
        wireName: id,
        ...(rows.length === 0 ? {} : { prices: [{ ...LUMA_LIST, rows }] }),
      },
    ],
  };
}

const LUMA_LIST = {
  from: '2026-01-01',
  currency: 'USD',
  source: "a partner's list of 2026 (docs.comfy.org, partner nodes)",
  checked: '2026-11-22',
  unverified: true,
} as const;

export default [
  seedance('doubao-seedance-1-0-pro-250528', '15', '7.5'),
  seedance('doubao-seedance-1-0-pro-fast-251015', '4.2', '2.1'),
  seedance('doubao-seedance-1-0-lite-t2v-250428', '10', '5'),
  seedance('doubao-seedance-1-0-lite-i2v-250428', '10', '5'),
  ray('ray-2', [
    ['540p', '5s', '0.40'],
    ['720p', '5s', '0.71'],
    ['1080p', '5s', '1.59'],
    ['4k', '5s', '6.37'],
    ['540p', '9s', '0.72'],
    ['720p', '9s', '1.27'],
    ['1080p', '9s', '2.87'],
    ['4k', '9s', '11.47'],
  ]),
  luma('ray-flash-2', 'video', []),
  luma('photon-1', 'image', []),
  luma('photon-flash-1', 'image', []),
] satisfies readonly Model[];
