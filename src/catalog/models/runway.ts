/** Runway's models: held by the second, charged by the credits that a task cost. */
import type { Model, ModelKind } from '../shape.ts';

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

/** Charged by credits too; what it takes is known of some alone, of the rest the vendor tells. */
function other(
  [wireName, maker]: readonly [string, string],
  kind: ModelKind,
  price?: string,
): Model {
  const rows = [{ units: { image: { price: price ?? '0' }, credit: { price: '0.01' } } }];
  const source = 'inference.sh/apps/runway of 2026-08-04: credits a picture at $0.01';
  const list = { from: '2026-08-04', unverified: true, checked: '2026-11-26' };
  const prices = [{ ...list, currency: 'USD', rows, source } as const];
  const offer = { vendor: 'runway', wireName };
  return {
    ...{ id: `runway-${wireName.replaceAll('_', '-')}`, maker, kind, abilities: NONE },
    ...{ contextTokens: 0, outputTokensMax: 0 },
    offers: [price === undefined ? offer : { ...offer, prices }],
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
  // Held at the dearer of their sizes.
  other(['gen4_image', 'runway'], 'image', '0.08'),
  other(['gen4_image_turbo', 'runway'], 'image', '0.02'),
  // Without a price only unlimited accounts may use them.
  other(['gemini_2.5_flash', 'google'], 'image'),
  other(['magnific_precision_upscaler_v2', 'magnific'], 'image'),
  other(['magnific_video_upscaler_creative', 'magnific'], 'video'),
  other(['enhance_frame_rate', 'runway'], 'video'),
  other(['ruby', 'runway'], 'video'),
  other(['aleph2', 'runway'], 'video'),
  other(['seed_audio', 'bytedance'], 'audio'),
  other(['eleven_text_to_sound_v2', 'elevenlabs'], 'audio'),
  other(['eleven_multilingual_v2', 'elevenlabs'], 'audio'),
  other(['eleven_v3', 'elevenlabs'], 'audio'),
  other(['eleven_multilingual_sts_v2', 'elevenlabs'], 'audio'),
  other(['eleven_voice_dubbing', 'elevenlabs'], 'audio'),
  other(['eleven_voice_isolation', 'elevenlabs'], 'audio'),
] satisfies readonly Model[];
