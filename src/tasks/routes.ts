/** Which upstreams can do which slow jobs. Made anew with the day's prices. */
import type { Catalog } from '../catalog/load.ts';
import type { Model, Offer } from '../catalog/shape.ts';
import { Fault } from '../kit/fault.ts';
import type { Price } from '../ledger/price.ts';
import type { LongService } from '../vendors/long.ts';
import type { Vendor } from '../vendors/shape.ts';

/** A vendor, a credential of ours there, and where it is. */
export interface TaskUpstream {
  readonly id: string;
  readonly vendor: Vendor;
  readonly baseUrl: string;
  readonly credential: string | null;
  readonly withheld?: boolean;
  readonly priority: number;
  readonly weight: number;
}

/** One way to have a model do a job. */
export interface Way {
  readonly upstream: TaskUpstream;
  readonly service: LongService;
  readonly wireName: string;
  readonly price: Price | null;
  readonly priceId: string | null;
}

/** A model that does slow jobs here, and the kinds of them. */
export interface SlowModel {
  readonly model: Model;
  readonly kinds: readonly string[];
}

export interface TaskRoutes {
  /** By id, alias, `vendor/model`, or a vendor's own name for it. Fault: `model_not_found`. */
  find(
    name: string,
    vendor: string | null,
  ): { readonly model: Model; readonly ways: readonly Way[] };
  list(): readonly SlowModel[];
  /** All slow services at an upstream; empty where it is not set up. */
  services(upstream: string): readonly LongService[];
  /** An upstream and its service, for a job that is pinned to them. */
  pinned(upstream: string, service: string): Pick<Way, 'upstream' | 'service'> | undefined;
}

export type TaskPriceOf = (
  offer: Offer,
) => Promise<{ readonly price: Price; readonly id: string } | null>;

export async function makeTaskRoutes(
  catalog: Catalog,
  upstreams: readonly TaskUpstream[],
  priceOf: TaskPriceOf,
): Promise<TaskRoutes> {
  const routes = new Map<string, { readonly model: Model; readonly ways: readonly Way[] }>();
  for (const model of catalog.list()) {
    const ways: Way[] = [];
    for (const offer of model.offers) {
      const able = upstreams.flatMap((upstream) => waysAt(upstream, model, offer));
      const priced = able.length === 0 ? null : await priceOf(offer);
      for (const way of able) {
        ways.push({ ...way, price: priced?.price ?? null, priceId: priced?.id ?? null });
      }
    }
    // By priority; the lighter of equals is the spare.
    const rank = ({ upstream }: Way) => upstream.priority;
    ways.sort((a, b) => rank(a) - rank(b) || b.upstream.weight - a.upstream.weight);
    if (ways.length > 0) routes.set(model.id, { model, ways });
  }
  const named = (name: string, vendor: string | null) => {
    const model = catalog.find(name);
    if (model !== undefined) return routes.get(model.id);
    if (vendor === null) return undefined;
    const isIt = (way: Way) => way.wireName === name && way.upstream.vendor.id === vendor;
    return [...routes.values()].find(({ ways }) => ways.some(isIt));
  };
  return {
    find(name, vendor) {
      const slash = name.indexOf('/');
      const place = vendor ?? (slash > 0 ? name.slice(0, slash) : null);
      const found = named(name, vendor) ?? named(name.slice(slash + 1), place);
      const ways = (found?.ways ?? []).filter(
        ({ upstream }) =>
          (vendor === null && catalog.find(name) !== undefined) ||
          place === null ||
          upstream.vendor.id === place ||
          upstream.id === place,
      );
      if (found !== undefined && ways.length > 0) return { model: found.model, ways };
      throw new Fault('model_not_found', {
        message: `There is no model "${name.slice(0, 200)}" here for jobs of this kind.`,
        param: 'model',
      });
    },
    list: () =>
      [...routes.values()].map(({ model, ways }) => ({ model, kinds: kindsOf(model, ways) })),
    services: (id) => upstreams.find((one) => one.id === id)?.vendor.long ?? [],
    pinned(id, serviceId) {
      const upstream = upstreams.find((one) => one.id === id);
      const service = upstream?.vendor.long?.find((one) => one.id === serviceId);
      return upstream === undefined || service === undefined ? undefined : { upstream, service };
    },
  };
}

/** A service may do more than this model makes: no picture comes of a model of videos. */
function kindsOf({ kind }: Model, ways: readonly Way[]): readonly string[] {
  const all = new Set(ways.flatMap(({ service }) => service.kinds));
  const made = (job: string) => /_to_(\w+)$/.exec(job)?.[1] ?? kind;
  return kind === 'other' ? [...all] : [...all].filter((job) => made(job) === kind);
}

function waysAt(
  upstream: TaskUpstream,
  model: Model,
  offer: Offer,
): Omit<Way, 'price' | 'priceId'>[] {
  if (upstream.vendor.id !== offer.vendor && upstream.id !== offer.vendor) return [];
  const service = upstream.vendor.long?.find((one) =>
    (one.models as readonly string[]).includes(model.kind),
  );
  return service === undefined ? [] : [{ upstream, service, wireName: offer.wireName }];
}
