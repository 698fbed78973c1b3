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
import type { Model, Offer, PriceRow } from './shape.ts';

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

const name = z.string().regex(/^[^\s]+$/, 'must not be empty or have spaces');
const day = z.iso.date();
const decimal = z.string().regex(/^\d{1,9}(?:\.\d{1,12})?$/, 'must be a decimal such as "0.80"');
const tokens = z.int().positive();

/** Whether a call that fits `later` always fits `earlier` too, so that `later` never counts. */
function hides(earlier: PriceRow, later: PriceRow): boolean {
  const input = earlier.inputTokensMax ?? Number.POSITIVE_INFINITY;
  const output = earlier.outputTokensMax ?? Number.POSITIVE_INFINITY;
  const alsoFits = Object.entries(earlier.when ?? {}).every(
    ([trait, value]) => later.when?.[trait] === value,
  );
  return (
    alsoFits &&
    (later.inputTokensMax ?? Number.POSITIVE_INFINITY) <= input &&
    (later.outputTokensMax ?? Number.POSITIVE_INFINITY) <= output
  );
}

const unitPrice = z.strictObject({ price: decimal, per: z.int().positive().optional() });

const priceRow = z
  .strictObject({
    inputTokensMax: tokens.optional(),
    outputTokensMax: tokens.optional(),
    when: z.record(name, z.string()).optional(),
    input: decimal.optional(),
    output: decimal.optional(),
    cachedInput: decimal.optional(),
    cacheWrite: decimal.optional(),
    units: z.record(name, unitPrice).optional(),
  })
  .refine(
    (row) => row.input !== undefined || row.output !== undefined || row.units !== undefined,
    'prices nothing: give input and output, or units',
  );

const priceRows = z
  .array(priceRow)
  .min(1)
  .refine(
    (rows) => rows.every((row, at) => !rows.slice(0, at).some((earlier) => hides(earlier, row))),
    'has a row that never counts: put the narrower tiers first',
  )
  .refine((rows) => {
    const last = rows.at(-1);
    const isOpen = last?.inputTokensMax === undefined && last?.outputTokensMax === undefined;
    return isOpen && last?.when === undefined;
  }, 'must end with a row without limits and without "when"');

const priceTable = z.strictObject({
  from: day,
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as CNY'),
  rows: priceRows,
  source: z.string().min(1),
  checked: day,
  unverified: z.boolean().optional(),
});

const offer = z.strictObject({
  vendor: name,
  wireName: name,
  prices: z
    .array(priceTable)
    .min(1)
    .refine(
      (tables) => new Set(tables.map((table) => table.from)).size === tables.length,
      'has two tables that begin on one day',
    )
    .optional(),
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
 * The catalogue with `extra` after the built-in models. Throws an Error that names the model where
 * one is not well formed, or where an id or alias is already taken.
 */
export function loadCatalog(extra: readonly Model[]): Catalog {
  const models = mergeOffers([...BUILT_IN, ...extra]);
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
