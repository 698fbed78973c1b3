/** Every route is registered here, and none without saying who may use it. */
import type { Caller } from '../access/keys.ts';
import type { Fault } from '../kit/fault.ts';
import type { SignedVisit } from './signed.ts';

/**
 * `public`: anybody. `caller`: any key. `operator`: an operator's key. `signature`: whoever signed
 * the request with a key pair; a plain key is refused there.
 */
export type AccessRule = 'public' | 'caller' | 'operator' | 'signature';

const RULES: readonly string[] = ['public', 'caller', 'operator', 'signature'];

export type Method = 'GET' | 'POST' | 'DELETE';

/** One request, as far as it has been looked at. */
export interface Visit {
  readonly request: Request;
  readonly requestId: string;
  readonly startedTickMs: number;
  /** null on public and on signed routes. */
  readonly caller: Caller | null;
  /** Who signed, and what; null where nobody did. */
  readonly signed: SignedVisit | null;
  /** The peer's address, or the one that a trusted proxy names. */
  readonly address: () => string;
  /** Keeps the connection open through silence; the route has time limits of its own. */
  readonly holdOpen: () => void;
  /** Ends that, for the connection outlives the request. */
  readonly letIdle: () => void;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: Method;
  /** With `:name` for a part and a last `*` for the rest. */
  readonly path: string;
  readonly access: AccessRule;
  /** Asked before anything else is looked at, the key included. Throws to refuse. */
  readonly gate?: (visit: Visit) => Promise<void>;
  /** Where a key may stand beside the usual places. */
  readonly key?: (
    header: (name: string) => string | null,
    query: () => URLSearchParams,
  ) => string | null;
  /** A key pair may sign the request in a key's place. */
  readonly signable?: true;
  readonly handle: (visit: Visit) => Response | Promise<Response>;
  /** Where the key may stand in the query, for formats whose clients put it there. */
  readonly keyInQuery?: string;
  /** Under which further name the answer carries the id of the request. */
  readonly idHeader?: string;
  /** How faults are written on this route. */
  readonly writeFault: (fault: Fault, requestId: string, request: Request) => string;
}

/** The route as it stands; refuses one whose rule was forgotten (JavaScript callers, casts). */
export function route(definition: Route): Route {
  if (!RULES.includes(definition.access)) {
    throw new Error(`route ${definition.method} ${definition.path} has no access rule`);
  }
  return Object.freeze(definition);
}

/** The caller of a route that is not public. */
export function callerOf(visit: Visit): Caller {
  if (visit.caller === null) throw new Error('a public route asked for its caller');
  return visit.caller;
}

/** Who signed the request of a signed route. */
export function signedOf(visit: Visit): SignedVisit {
  if (visit.signed === null) throw new Error('a route that is not signed asked for its signer');
  return visit.signed;
}
