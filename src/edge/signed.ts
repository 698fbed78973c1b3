/** Routes whose callers sign their requests: the whole body is read before anybody is let in. */
import type { SignedAccess, Signer } from '../access/access-keys.ts';
import type { Deadlines } from '../kit/clock.ts';
import { readBytes } from './body.ts';

/** Actions are small; what comes before the signature is checked must be. */
const BODY_BYTES_MAX = 1024 * 1024;
const BODY_TIME_MS = 30_000;

export interface SignedVisit {
  readonly signer: Signer;
  /** Covered by the signature. */
  readonly body: Uint8Array;
}

export interface SignatureGate {
  /** Faults: those of the signature, and of bodies. */
  identify(request: Request): Promise<SignedVisit>;
}

export function makeSignatureGate(access: SignedAccess, deadlines: Deadlines): SignatureGate {
  return {
    async identify(request) {
      const limits = { bytesMax: BODY_BYTES_MAX, timeMs: BODY_TIME_MS };
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
    },
  };
}
