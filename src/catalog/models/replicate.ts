/** Models at Replicate: official ones by what they make, others by the run. */
import type { Model, PriceTable } from '../shape.ts';

const NONE = { tools: false, images: true, json: 'none', reasoning: false } as const;

function list(unit: string, price: string): readonly PriceTable[] {
  const isRun = unit === 'run';
  return [
    {
      from: '2025-01-01',
      currency: 'USD',
      rows: [{ units: { [unit]: { price } } }],
      // What a run costs is the vendor's own estimate: it charges the seconds on its hardware.
      source: isRun
        ? "an aggregator's list of 2025, from the vendor's estimates of a typical run"
        : "replicate.com, the model's page of 2025",
      checked: '2026-11-22',
      unverified: true,
    },
  ];
}

type Kind = 'image' | 'video';

function model(id: string, kind: Kind, more: Pick<Model, 'aliases'> & Model['offers'][0]): Model {
  const { aliases, ...offer } = more;
  return {
    ...{ id, kind, maker: id.split('/')[0] ?? id, contextTokens: 0, outputTokensMax: 0 },
    abilities: NONE,
    ...(aliases === undefined ? {} : { aliases }),
    offers: [offer],
  };
}

function official(id: string, kind: Kind, price: string): Model {
  return model(id, kind, { vendor: 'replicate', wireName: id, prices: list(kind, price) });
}

/** Known by its version alone as well. Without a price only unlimited accounts may use it. */
function community(id: string, kind: Kind, [version, price]: readonly [string, string?]): Model {
  const wireName = `${id}:${version}`;
  return model(id, kind, {
    aliases: [wireName, version],
    ...{ vendor: 'replicate', wireName },
    ...(price === undefined ? {} : { prices: list('run', price) }),
  });
}

export default [
  community('stability-ai/stable-diffusion', 'image', [
    'ac732df83cea7fff18b8472768c88ad041fa750ff7682a21affe81863cbe77e4',
    '0.0034',
  ]),
  community('stability-ai/sdxl', 'image', [
    '7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc',
    '0.0063',
  ]),
  community('stability-ai/stable-diffusion-inpainting', 'image', [
    '95b7223104132402a9ae91cc677285bc5eb997834bd2349fa486f53910fd68b3',
    '0.0021',
  ]),
  community('stability-ai/stable-diffusion-img2img', 'image', [
    '15a3689ee13b0d2616e98820eca31d4c3abcd36672df6afce5cb6feb1d66087d',
    '0.0093',
  ]),
  community('lucataco/flux-schnell-lora', 'image', [
    '2a6b576af31790b470f0a8442e1e9791213fa13799cbb65a9fc1436e96389574',
    '0.006',
  ]),
  community('lucataco/flux-dev-lora', 'image', [
    '091495765fa5ef2725a175a57b276ec30dc9d39c22d30410f2ede68a3eab66b3',
    '0.038',
  ]),
  community('andreasjansson/stable-diffusion-animation', 'video', [
    'ca1f5e306e5721e19c473e0d094e6603f0456fe759c10715fcd6c1b79242d4a5',
    '0.13',
  ]),
  community('lucataco/animate-diff', 'video', [
    'beecf59c4aee8d81bf04f0381033dfa10dc16e845b4ae00d281e2fa377e48a9f',
    '0.092',
  ]),
  community('sujaykhandekar/object-removal', 'image', [
    '153b0087c2576ad30d8cbddb35275b387d1a6bf986bda5499948f843f6460faf',
  ]),
  community('cjwbw/rembg', 'image', [
    'fb8af171cfa1616ddcf1242c093f9c46bcada5ad4cf6f2fbe8b81b330ec5c003',
  ]),
  official('black-forest-labs/flux-1.1-pro', 'image', '0.04'),
  official('black-forest-labs/flux-1.1-pro-ultra', 'image', '0.06'),
  official('black-forest-labs/flux-dev', 'image', '0.025'),
  official('black-forest-labs/flux-pro', 'image', '0.055'),
  official('black-forest-labs/flux-schnell', 'image', '0.003'),
  official('minimax/video-01-live', 'video', '0.50'),
  official('minimax/video-01', 'video', '0.50'),
  official('recraft-ai/recraft-v3', 'image', '0.04'),
  official('recraft-ai/recraft-v3-svg', 'image', '0.08'),
  official('ideogram-ai/ideogram-v2-turbo', 'image', '0.05'),
] satisfies readonly Model[];
