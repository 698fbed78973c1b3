/**
 * Volcengine's visual models. The list prices of pictures and of OmniHuman are not public to us:
 * without a price only unlimited accounts may use them.
 */
import type { Model, PriceTable } from '../shape.ts';

const NONE = { tools: false, images: true, json: 'none', reasoning: false } as const;
const MS_PER_S = 1_000;

type Names = readonly [id: string, wireName: string];

function picture(names: Names): Model {
  return visual(names, 'image', []);
}

function video(names: Names, perSecond?: string): Model {
  if (perSecond === undefined) return visual(names, 'video', []);
  const rows = [{ units: { video_ms: { price: perSecond, per: MS_PER_S } } }];
  return visual(names, 'video', [{ ...LIST, rows }]);
}

/** It answers in words, not in files. */
function step(names: Names): Model {
  return visual(names, 'other', []);
}

function visual(
  [id, wireName]: Names,
  kind: 'image' | 'video' | 'other',
  prices: readonly PriceTable[],
): Model {
  const offer = { vendor: 'volc-visual', wireName };
  return {
    id,
    maker: 'bytedance',
    kind,
    contextTokens: 0,
    outputTokensMax: 0,
    abilities: NONE,
    offers: [prices.length === 0 ? offer : { ...offer, prices }],
  };
}

const LIST = {
  from: '2026-01-01',
  currency: 'CNY',
  source: 'notes of users of 2026, three that agree',
  checked: '2026-11-26',
  unverified: true,
} as const;
const HD = '0.28';
const FULL_HD = '0.63';

export default [
  picture(['seededit-2.0', 'byteedit_v2.0']),
  picture(['seededit-3.0', 'seededit_v3.0']),
  picture(['doubao-anime-1.3', 'high_aes']),
  picture(['doubao-general-2.0', 'high_aes_general_v20']),
  picture(['doubao-general-2.0-l', 'high_aes_general_v20_L']),
  picture(['doubao-general-2.1', 'high_aes_general_v21_L']),
  picture(['doubao-general-3.0', 'high_aes_general_v30l_zt2i']),
  picture(['jimeng-image-2.1', 'jimeng_high_aes_general_v21_L']),
  picture(['jimeng-image-3.0', 'jimeng_t2i_v30']),
  picture(['jimeng-image-3.1', 'jimeng_t2i_v31']),
  picture(['jimeng-image-4.0', 'jimeng_t2i_v40']),
  picture(['jimeng-edit-3.0', 'jimeng_i2i_v30']),
  picture(['jimeng-comic', 'img2img_comic_style']),
  video(['jimeng-video-3.0', 'jimeng_t2v_v30'], HD),
  video(['jimeng-video-3.0-1080p', 'jimeng_t2v_v30_1080p'], FULL_HD),
  video(['jimeng-video-3.0-first', 'jimeng_i2v_first_v30'], HD),
  video(['jimeng-video-3.0-first-1080p', 'jimeng_i2v_first_v30_1080'], FULL_HD),
  video(['jimeng-video-3.0-first-tail', 'jimeng_i2v_first_tail_v30'], HD),
  video(['jimeng-video-3.0-first-tail-1080p', 'jimeng_i2v_first_tail_v30_1080'], FULL_HD),
  video(['jimeng-video-3.0-pro', 'jimeng_ti2v_v30_pro'], '1.00'),
  video(['jimeng-dreamactor-2.0', 'jimeng_dreamactor_m20_gen_video']),
  video(['jimeng-dreamactor-1.0', 'jimeng_dream_actor_m1_gen_video_cv']),
  video(['omnihuman-1.5', 'jimeng_realman_avatar_picture_omni_v15']),
  // What comes before it: is somebody in the picture, and where.
  step(['omnihuman-1.5-subject', 'jimeng_realman_avatar_picture_create_role_omni_v15']),
  step(['omnihuman-1.5-masks', 'jimeng_realman_avatar_object_detection']),
] satisfies readonly Model[];
