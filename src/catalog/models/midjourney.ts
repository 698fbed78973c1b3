/** Midjourney. It has no API and so no list price: only unlimited accounts may use it. */
import type { Model } from '../shape.ts';

function drawn(id: string, kind: 'image' | 'video'): Model {
  return {
    id,
    maker: 'midjourney',
    kind,
    contextTokens: 0,
    outputTokensMax: 0,
    abilities: { tools: false, images: true, json: 'none', reasoning: false },
    offers: [{ vendor: 'midjourney', wireName: id }],
  };
}

export default [
  drawn('midjourney', 'image'),
  drawn('midjourney-video', 'video'),
] satisfies readonly Model[];
