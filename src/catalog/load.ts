/** Loads the catalogue: the models below and what the operator adds, checked and frozen. */
import { z } from 'zod';
import { deepFreeze } from '../kit/freeze.ts';
import alibaba from './models/alibaba.ts';
import anthropic from './models/anthropic.ts';
import bytedance from './models/bytedance.ts';
import bytedanceMedia from './models/bytedance-media.ts';
import cohere from './models/cohere.ts';
import deepseek from './models/deepseek.ts';
import embeddings from './models/embeddings.ts';
import flux from './models/flux.ts';
import google from './models/google.ts';
import kling from './models/kling.ts';
import meta from './models/meta.ts';
import midjourney from './models/midjourney.ts';
import minimax from './models/minimax.ts';
import mistral from './models/mistral.ts';
import moonshot from './models/moonshot.ts';
import openai from './models/openai.ts';
import openaiImages from './models/openai-images.ts';
import openaiOlder from './models/openai-older.ts';
import replicate from './models/replicate.ts';
import rerank from './models/rerank.ts';
import runway from './models/runway.ts';
import video from './models/video.ts';
import visual from './models/visual.ts';
import xai from './models/xai.ts';
import zhipu from './models/zhipu.ts';
import { applyPrices, type OwnPrice } from './own-prices.ts';
import { day, name, priceTables } from './price-rules.ts';
import type { Model, Offer } from './shape.ts';

export interface Catalog {
  /** By id or alias, exactly as written. */
  find(name: string): Model | undefined;
  /** In the order in which they were loaded. */
  list(): readonly Model[];
}

const BUILT_IN: readonly Model[] = [
  ...bytedance,
  ...bytedanceMedia,
  ...deepseek,
  ...alibaba,
  ...anthropic,
  ...zhipu,
  ...moonshot,
  ...minimax,
  ...openai,
  ...openaiOlder,
  ...openaiImages,
  ...xai,
  ...mistral,
  ...google,
  ...cohere,
  ...kling,
  ...meta,
  ...runway,
  ...video,
  ...visual,
  ...midjourney,
  ...replicate,
  ...flux,
  ...embeddings,
  ...rerank,
];

const offer = z.strictObject({
  vendor: name,
  wireName: name,
  prices: priceTables.optional(),
});

const model = z
  .strictObject({
    id: name,
    maker: name,
    kind: z.enum(['chat', 'embedding', 'rerank', 'image', 'video', 'audio', 'bot', 'other']),
    contextTokens: z.int().nonnegative(),
    outputTokensMax: z.int().nonnegative(),
    abilities: z.strictObject({
      tools: z.boolean(),
      images: z.boolean(),
      json: z.enum(['schema', 'object', 'none']),
      reasoning: z.boolean(),
    }),
    offers: z
      .array(offer)
      .min(1)
      .refine(
        (offers) => new Set(offers.map((each) => each.vendor)).size === offers.length,
        'lists one vendor twice',
      ),
    aliases: z.array(name).optional(),
    retires: day.optional(),
  })
  .refine(({ kind, contextTokens }) => kind !== 'chat' || contextTokens > 0, {
    message: 'contextTokens must be above 0 for a chat',
  })
  .refine(({ kind, outputTokensMax }) => kind !== 'chat' || outputTokensMax > 0, {
    message: 'outputTokensMax must be above 0 for a chat',
  });

function check(candidate: Model): void {
  const result = model.safeParse(candidate);
  if (result.success) return;
  const faults = result.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || '(model)'}: ${issue.message}`,
  );
  throw new Error(`Model "${candidate.id}" in the catalogue is not valid: ${faults.join('; ')}`);
}

const sameVendor = (offer: Offer) => (other: Offer) => other.vendor === offer.vendor;

/** An upstream's own name for a model costs what its vendor asks, unless it says otherwise. */
function withPrices(offer: Offer, known: readonly Offer[]): Offer {
  if (offer.prices !== undefined) return offer;
  const [vendor] = offer.vendor.split(':');
  const prices = known.find((other) => other.vendor === vendor)?.prices;
  return prices === undefined ? offer : { ...offer, prices };
}

/** A model that is named again brings more offers; the later one of a vendor counts. */
function mergeOffers(all: readonly Model[]): Model[] {
  const merged = new Map<string, Model>();
  for (const each of structuredClone(all) as Model[]) {
    const known = merged.get(each.id);
    const others = known?.offers.filter((offer) => !each.offers.some(sameVendor(offer))) ?? [];
    const own = each.offers.map((offer) => withPrices(offer, known?.offers ?? []));
    const offers = [...others, ...own];
    merged.set(each.id, { ...(known ?? each), offers });
  }
  return [...merged.values()];
}

/**
 * The catalogue with `extra` after the built-in models, at the operator's `own` prices. Throws an
 * Error that names the model where one is not well formed, or an id or alias is already taken.
 */
export function loadCatalog(extra: readonly Model[], own: readonly OwnPrice[] = []): Catalog {
  const models = applyPrices(mergeOffers([...BUILT_IN, ...extra]), own);
  const byName = new Map<string, Model>();
  for (const each of models) {
    check(each);
    for (const taken of [each.id, ...(each.aliases ?? [])]) {
      const other = byName.get(taken);
      if (other !== undefined) {
        throw new Error(
          `Model "${each.id}" cannot be called "${taken}": model "${other.id}" already is.`,
        );
      }
      byName.set(taken, each);
    }
  }
  const frozen = deepFreeze(models);
  return Object.freeze({
    find: (wanted: string): Model | undefined => byName.get(wanted),
    list: (): readonly Model[] => frozen,
  });
}
