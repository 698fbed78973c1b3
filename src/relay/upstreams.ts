/** Which upstreams serve which model, in which order. Made once from the settings; frozen. */
import type { Catalog } from '../catalog/load.ts';
import type { Model, ModelKind, Offer } from '../catalog/shape.ts';
import { canExchange } from '../dialects/index.ts';
import type { Family } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import type { Price } from '../ledger/price.ts';
import type { QuickService, Vendor } from '../vendors/shape.ts';

/** A vendor, a credential of ours there, and where it is. */
export interface Upstream {
  /** Unique: the vendor's id, or vendor:name where there are several. */
  readonly id: string;
  readonly vendor: Vendor;
  readonly baseUrl: string;
  readonly credential: string | null;
  /** The credential cannot be had right now, so the vendor is not asked. */
  readonly withheld?: boolean;
  /** Lower goes first; equals share by weight. */
  readonly priority: number;
  readonly weight: number;
}

/** One way to serve a model. */
export interface Candidate {
  readonly upstream: Upstream;
  readonly service: QuickService;
  readonly wireName: string;
  readonly url: string;
  /** Where streams are asked for; most often the same. */
  readonly streamUrl: string;
  /** With the credential, unless that must be proved for each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly price: Price | null;
  readonly priceId: string | null;
  /** What the breaker knows it by: trouble of one model must not close the others. */
  readonly breakerName: string;
}

/** A model that can be called here, and all ways to do so. */
export interface Route {
  readonly model: Model;
  /**
   * Ways to ask it for this, in this format of the caller's: one an upstream, its own format first.
   * Empty where nobody can.
   */
  candidates(family: Family, dialect: string): readonly Candidate[];
  /** Everywhere it is served. */
  readonly upstreams: readonly Upstream[];
}

export interface Routes {
  /** Fault: `model_not_found`. */
  find(name: string): Route;
  list(): readonly Route[];
}

/** Makes the candidate's price; null where none is known. Asynchronous: prices are kept on disk. */
export type PriceOf = (offer: Offer) => Promise<{ price: Price; id: string } | null>;

/** Only models with at least one upstream are routes. */
export async function makeRoutes(
  catalog: Catalog,
  upstreams: readonly Upstream[],
  priceOf: PriceOf,
): Promise<Routes> {
  const routes = new Map<string, Route>();
  for (const model of catalog.list()) {
    const places: Served[] = [];
    for (const offer of model.offers) {
      const priced = await priceOf(offer);
      for (const upstream of upstreams) {
        if (upstream.vendor.id !== offer.vendor && upstream.id !== offer.vendor) continue;
        if (servesKind(upstream.vendor, model.kind)) {
          places.push({ upstream, wireName: offer.wireName, priced });
        }
      }
    }
    if (places.length > 0) routes.set(model.id, makeRoute(model, places));
  }
  return {
    find(name) {
      const model = catalog.find(name);
      const route = model === undefined ? findAt(name, routes) : routes.get(model.id);
      if (route !== undefined) return route;
      throw new Fault('model_not_found', {
        message: `There is no model "${name.slice(0, 200)}" here. GET /v1/models lists them.`,
        param: 'model',
      });
    },
    list: () => [...routes.values()],
  };
}

/** A model as one upstream has it. */
interface Served {
  readonly upstream: Upstream;
  readonly wireName: string;
  readonly priced: { readonly price: Price; readonly id: string } | null;
}

/** What may be asked of each kind of model. */
const FAMILIES: Readonly<Record<ModelKind, readonly Family[]>> = Object.freeze({
  chat: ['chat', 'tokenization', 'context', 'context_chat', 'batch_chat'],
  embedding: ['embeddings', 'multimodal_embeddings'],
  rerank: ['rerank'],
  image: ['images'],
  bot: ['bot_chat'],
  video: [],
  audio: [],
  other: [],
});

function servesKind(vendor: Vendor, kind: ModelKind): boolean {
  return FAMILIES[kind].some((family) => vendor.services[family] !== undefined);
}

/** Candidates are made once for each way of asking, at the first call that asks so. */
function makeRoute(model: Model, places: readonly Served[]): Route {
  const made = new Map<string, readonly Candidate[]>();
  return Object.freeze({
    model,
    upstreams: places.map(({ upstream }) => upstream),
    candidates(family: Family, dialect: string) {
      const name = `${family} ${dialect}`;
      const known = made.get(name);
      if (known !== undefined) return known;
      const fits = FAMILIES[model.kind].includes(family);
      const candidates = fits
        ? places.flatMap((place) => makeCandidate(place, family, dialect) ?? [])
        : [];
      made.set(name, Object.freeze(candidates));
      return candidates;
    },
  });
}

/** `vendor/model` asks for a model at one vendor only. */
function findAt(name: string, routes: ReadonlyMap<string, Route>): Route | undefined {
  const slash = name.indexOf('/');
  if (slash < 0) return undefined;
  const place = name.slice(0, slash);
  const route = routes.get(name.slice(slash + 1));
  if (route === undefined) return undefined;
  const isThere = (upstream: Upstream): boolean =>
    upstream.id === place || upstream.vendor.id === place;
  const upstreams = route.upstreams.filter(isThere);
  if (upstreams.length === 0) return undefined;
  return {
    model: route.model,
    upstreams,
    candidates: (family, dialect) =>
      route.candidates(family, dialect).filter(({ upstream }) => isThere(upstream)),
  };
}

/** The caller's own format where the vendor has it, else the first into which it can be put. */
function pickService(vendor: Vendor, family: Family, dialect: string): QuickService | undefined {
  const services = vendor.services[family] ?? [];
  return (
    services.find((service) => service.dialect === dialect) ??
    services.find((service) => canExchange(dialect, service.dialect))
  );
}

function makeCandidate(place: Served, family: Family, dialect: string): Candidate | null {
  const { upstream, wireName, priced } = place;
  const service = pickService(upstream.vendor, family, dialect);
  if (service === undefined) return null;
  const base = upstream.baseUrl.replace(/\/+$/, '');
  // A path may climb out of the base URL: some vendors keep services beside it.
  const urlOf = (path: string): string =>
    new URL(base + path.replaceAll('{model}', encodeURIComponent(wireName))).href;
  return Object.freeze({
    upstream,
    service,
    wireName,
    url: urlOf(service.path),
    streamUrl: urlOf(service.streamPath ?? service.path),
    headers: Object.freeze({ ...headersOf(upstream), ...service.headers }),
    price: priced?.price ?? null,
    priceId: priced?.id ?? null,
    breakerName: `${upstream.id}|${wireName}`,
  });
}

/** Headers of every request to this upstream; the credential too, where it is simply sent. */
function headersOf({ vendor, credential }: Upstream): Record<string, string> {
  const { auth } = vendor;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    ...vendor.headers,
  };
  if (auth !== null && 'header' in auth && !('trade' in auth) && credential !== null) {
    headers[auth.header] = auth.prefix + credential;
  }
  return headers;
}

/** By priority; among equals by weighted chance, so that load is shared and order still varies. */
export function orderCandidates(
  candidates: readonly Candidate[],
  random: () => number,
): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  return candidates
    .map((candidate, index) => ({
      candidate,
      index,
      // Exponential spacing: sorting by it draws without replacement, by weight.
      draw: -Math.log(1 - random()) / Math.max(candidate.upstream.weight, Number.EPSILON),
    }))
    .sort(
      (a, b) => a.candidate.upstream.priority - b.candidate.upstream.priority || a.draw - b.draw,
    )
    .map((entry) => entry.candidate);
}
