/** Which upstreams serve which model, in which order. Made once from the settings; frozen. */
import type { Catalog } from '../catalog/load.ts';
import type { Model, Offer } from '../catalog/shape.ts';
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
  readonly headers: Readonly<Record<string, string>>;
  readonly price: Price | null;
  readonly priceId: string | null;
  /** What the breaker knows it by: trouble of one model must not close the others. */
  readonly breakerName: string;
}

/** A model that can be called here, and all ways to do so. */
export interface Route {
  readonly model: Model;
  readonly candidates: readonly Candidate[];
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
    const candidates: Candidate[] = [];
    for (const offer of model.offers) {
      const priced = await priceOf(offer);
      for (const upstream of upstreams) {
        if (upstream.vendor.id !== offer.vendor && upstream.id !== offer.vendor) continue;
        const candidate = makeCandidate(upstream, offer.wireName, priced);
        if (candidate !== null) candidates.push(candidate);
      }
    }
    if (candidates.length > 0) routes.set(model.id, Object.freeze({ model, candidates }));
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

/** `vendor/model` asks for a model at one vendor only. */
function findAt(name: string, routes: ReadonlyMap<string, Route>): Route | undefined {
  const slash = name.indexOf('/');
  if (slash < 0) return undefined;
  const place = name.slice(0, slash);
  const route = routes.get(name.slice(slash + 1));
  const candidates = (route?.candidates ?? []).filter(
    ({ upstream }) => upstream.id === place || upstream.vendor.id === place,
  );
  return route === undefined || candidates.length === 0 ? undefined : { ...route, candidates };
}

function makeCandidate(
  upstream: Upstream,
  wireName: string,
  priced: { price: Price; id: string } | null,
): Candidate | null {
  const service = upstream.vendor.services.chat;
  if (service === undefined) return null;
  const { auth } = upstream.vendor;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    ...upstream.vendor.headers,
  };
  if (auth !== null && upstream.credential !== null) {
    headers[auth.header] = auth.prefix + upstream.credential;
  }
  return Object.freeze({
    upstream,
    service,
    wireName,
    url: upstream.baseUrl.replace(/\/+$/, '') + service.path,
    headers: Object.freeze(headers),
    price: priced?.price ?? null,
    priceId: priced?.id ?? null,
    breakerName: `${upstream.id}|${wireName}`,
  });
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
