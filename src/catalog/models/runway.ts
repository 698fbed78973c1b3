/** Runway's models: held by the second, charged by the credits that a task cost. */
import type { Model } from '../shape.ts';

const NONE = { tools: false, images: true, json: 'none', reasoning: false } as const;

function video(id: string, maker: string, secondPrice: string): Model {
  const second = { price: secondPrice, per: 1_000 };
  const rows = [{ units: { video_ms: second, credit: { price: '0.01' } } }];
  const prices = [
    {
      ...{ from: '2026-01-01', currency: 'USD', rows, unverified: true },
      ...{ source: 'docs.dev.runwayml.com, credits per second at $0.01', checked: '2026-11-22' },
    },
  ];
  return {
    ...{ id: `runway-${id.replaceAll('_', '-')}`, maker, kind: 'video', abilities: NONE },
    ...{ contextTokens: 0, outputTokensMax: 0 },
    offers: [{ vendor: 'runway', wireName: id, prices }],
  };
}

export default [
  video('gen4.5', 'runway', '0.12'),
  video('gen4_turbo', 'runway', '0.05'),
  video('gen4_aleph', 'runway', '0.15'),
  video('act_two', 'runway', '0.05'),
  video('veo3', 'google', '0.40'),
  video('veo3.1', 'google', '0.40'),
  video('veo3.1_fast', 'google', '0.15'),
  video('seedance2', 'bytedance', '0.36'),
] satisfies readonly Model[];
