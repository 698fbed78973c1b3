/** Routes whose callers sign their requests: the whole body is read before anybody is let in. */
import { PAIR_PREFIX, type SignedAccess, type Signer } from '../access/access-keys.ts';
import type { Caller } from '../access/keys.ts';
import type { PairCallers } from '../access/pair-callers.ts';
import type { Deadlines } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { readBytes } from './body.ts';

/** Actions are small; what comes before the signature is checked must be. */
const BODY_BYTES_MAX = 1024 * 1024;
const BODY_TIME_MS = 30_000;
/** With pictures in it. */
const PAIR_BODY_BYTES_MAX = 32 * 1024 * 1024;
/** Ids of our own pairs; what else stands there may be a plain key. */
const PAIR = new RegExp(`^HMAC-SHA256 Credential=(${PAIR_PREFIX}[\\w-]+)/`);

export interface SignedVisit {
  readonly signer: Signer;
  /** Covered by the signature. */
  readonly body: Uint8Array;
}

export interface SignatureGate {
  /** Faults: those of the signature, and of bodies. */
  identify(request: Request): Promise<SignedVisit>;
  /**
   * The caller whose pair signed a request that may be signed; null: no pair did. The body can be
   * read once more. Faults as of `identify`.
   */
  callerOf(request: Request): Promise<SignedCaller | null>;
}

export interface SignedCaller {
  readonly caller: Caller;
  readonly signed: SignedVisit;
}

export interface SignatureGateDeps {
  readonly access: SignedAccess;
  readonly pairs: PairCallers;
  readonly deadlines: Deadlines;
}

export function makeSignatureGate({ access, pairs, deadlines }: SignatureGateDeps): SignatureGate {
  const identify = async (request: Request, bytesMax: number): Promise<SignedVisit> => {
    const limits = { bytesMax, timeMs: BODY_TIME_MS };
    const body = await readBytes(request, limits, deadlines);
    const url = new URL(request.url);
    const signer = await access.identify({
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      header: (name) => request.headers.get(name),
      body,
    });
    return { signer, body };
  };
  return {
    identify: (request) => identify(request, BODY_BYTES_MAX),
    async callerOf(request) {
      const [, id] = PAIR.exec(request.headers.get('authorization') ?? '') ?? [];
      if (id === undefined) return null;
      // A body of some size is read only for pairs that there are.
      const pair = await pairs.find(id);
      if (pair === undefined) throw new Fault('invalid_access_key');
      const signed = await identify(request.clone() as Request, PAIR_BODY_BYTES_MAX);
      return { caller: pair.caller, signed };
    },
  };
}
