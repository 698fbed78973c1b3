/** From settings and environment to upstreams, and the models that only they know. */
import type { Model } from '../catalog/shape.ts';
import type { Env } from '../kit/env.ts';
import type { Upstream } from '../relay/upstreams.ts';
import { VENDORS } from '../vendors/index.ts';
import type { Vendor } from '../vendors/shape.ts';
import { readTable } from './price-settings.ts';
import type { SandboxReady } from './sandbox-process.ts';
import type { Secrets } from './secrets.ts';
import type { Settings, UpstreamSetting } from './settings.ts';

export interface Configured {
  readonly upstreams: readonly Upstream[];
  readonly models: readonly Model[];
}

/** Throws an Error that names the vendor and what its settings lack. */
export async function configureUpstreams(
  settings: Settings,
  env: Env,
  secrets: Secrets,
): Promise<Configured> {
  const upstreams: Upstream[] = [];
  const models: Model[] = [];
  for (const [vendorId, wishes] of Object.entries(settings.vendors)) {
    const vendor = VENDORS[vendorId];
    if (vendor === undefined) {
      const known = Object.keys(VENDORS).join(', ');
      throw new Error(`vendors.${vendorId}: there is no such vendor. Known: ${known}.`);
    }
    for (const wish of wishes) {
      const upstream = await configure(vendor, wish, {
        env,
        secrets,
        several: wishes.length > 1,
      });
      if (upstreams.some((other) => other.id === upstream.id)) {
        throw new Error(`vendors.${vendorId}: two upstreams are named "${upstream.id}".`);
      }
      upstreams.push(upstream);
      for (const model of wish.models) models.push(ownModel(upstream, model, settings.currency));
    }
  }
  for (const vendor of Object.values(VENDORS)) {
    if (settings.vendors[vendor.id] !== undefined) continue;
    const key = vendor.keyEnv.map((name) => env[name]).find((value) => value);
    if (key !== undefined) upstreams.push({ ...plain(vendor), credential: key });
  }
  return { upstreams, models };
}

function plain(vendor: Vendor): Upstream {
  return {
    id: vendor.id,
    vendor,
    baseUrl: vendor.baseUrl,
    credential: null,
    priority: 0,
    weight: 1,
  };
}

async function configure(
  vendor: Vendor,
  wish: UpstreamSetting,
  place: { readonly env: Env; readonly secrets: Secrets; readonly several: boolean },
): Promise<Upstream> {
  const baseUrl = wish.base_url ?? vendor.baseUrl;
  if (baseUrl === '') throw new Error(`vendors.${vendor.id}: base_url is required.`);
  const fromEnv = vendor.keyEnv.map((name) => place.env[name]).find((value) => value);
  let credential: string | null;
  try {
    credential = wish.key === undefined ? (fromEnv ?? null) : await place.secrets.read(wish.key);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new Error(`vendors.${vendor.id}.key (${wish.key ?? ''}): ${why}.`, { cause: error });
  }
  if (credential === null && vendor.auth !== null && vendor.keyEnv.length > 0) {
    const names = vendor.keyEnv.join(' or ');
    throw new Error(`vendors.${vendor.id}: no key. Set "key", or the variable ${names}.`);
  }
  if (place.several && wish.name === undefined) {
    throw new Error(`vendors.${vendor.id}: with several upstreams, each needs a name.`);
  }
  return {
    id: upstreamId(vendor.id, wish),
    vendor,
    baseUrl,
    credential,
    priority: wish.priority,
    weight: wish.weight,
  };
}

function upstreamId(vendorId: string, wish: UpstreamSetting): string {
  return wish.name === undefined ? vendorId : `${vendorId}:${wish.name}`;
}

/**
 * The same upstreams with the credentials that their references stand for now; the same list where
 * nothing changed. One that cannot be had any more is withheld where it came from Vault, which has
 * a policy for that; a file that is being replaced keeps its last value.
 */
export async function refreshCredentials(
  current: readonly Upstream[],
  settings: Settings,
  secrets: Secrets,
): Promise<readonly Upstream[]> {
  const references = new Map<string, string>();
  for (const [vendorId, wishes] of Object.entries(settings.vendors)) {
    for (const wish of wishes) {
      if (wish.key !== undefined) references.set(upstreamId(vendorId, wish), wish.key);
    }
  }
  const fresh = await Promise.all(
    current.map(async (upstream) => {
      const reference = references.get(upstream.id);
      if (reference === undefined) return upstream;
      const isVault = reference.startsWith('vault:');
      const credential = await secrets
        .read(reference)
        .catch(() => (isVault ? null : upstream.credential));
      if (credential === upstream.credential) return upstream;
      return { ...upstream, credential, withheld: credential === null };
    }),
  );
  return fresh.every((upstream, index) => upstream === current[index]) ? current : fresh;
}

function ownModel(
  upstream: Upstream,
  wish: UpstreamSetting['models'][number],
  currency: string,
): Model {
  const { price } = wish;
  return {
    id: wish.id,
    maker: upstream.id,
    kind: wish.kind,
    contextTokens: wish.context_tokens,
    outputTokensMax: wish.output_tokens_max,
    abilities: { tools: wish.tools, images: true, json: wish.json, reasoning: false },
    offers: [
      {
        vendor: upstream.id,
        wireName: wish.wire_name ?? wish.id,
        ...(price === undefined ? {} : { prices: [readTable(price, currency)] }),
      },
    ],
  };
}

/** Made-up prices for made-up vendors, so that money can be tried too; a million tokens. */
const SANDBOX_PRICE = Object.freeze({ input: '1', output: '2', cached_input: '0.2' });
/** The vendor in whose format faults are shown, and one with a format of its own. */
const FAULT_VENDORS = Object.freeze(['openai-compatible', 'ark']);

/** The sandbox's vendors beside the operator's; its faults are models of their own. */
export function sandboxUpstreams(
  configured: Configured,
  sandbox: SandboxReady,
  currency: string,
): Configured {
  const taken = new Set(configured.upstreams.map((upstream) => upstream.vendor.id));
  const upstreams = [...configured.upstreams];
  const models = [...configured.models];
  for (const place of sandbox.vendors) {
    const vendor = VENDORS[place.vendor];
    if (vendor === undefined || taken.has(vendor.id)) continue;
    const upstream = { ...plain(vendor), baseUrl: place.base_url, credential: place.key };
    upstreams.push(upstream);
    if (!FAULT_VENDORS.includes(vendor.id)) continue;
    for (const { model } of sandbox.faults) {
      const id = vendor.id === FAULT_VENDORS[0] ? model : `${vendor.id}/${model}`;
      // Each with an upstream of its own, so that one fault does not close the door to the others.
      const own = { ...upstream, id: `${vendor.id}:${model}` };
      upstreams.push(own);
      const wish = { id, wire_name: model, kind: 'chat' as const, price: SANDBOX_PRICE };
      models.push(ownModel(own, { ...wish, ...SANDBOX_SIZES }, currency));
    }
  }
  return { upstreams, models };
}

const SANDBOX_SIZES = Object.freeze({
  kind: 'chat',
  context_tokens: 131_072,
  output_tokens_max: 8_192,
  json: 'object',
  tools: true,
});

/** Names by which prices may be bound to a place. */
export function listPlaces(upstreams: readonly Upstream[]): readonly string[] {
  return [...Object.keys(VENDORS), ...upstreams.map(({ id }) => id)];
}
