/** Key pairs that sign requests: made, looked up, and kept opened in memory until they change. */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { newName, newSecret } from '../kit/ids.ts';
import type { Sealer } from '../kit/seal.ts';
import type { AccessKeyRow, AccessKeys } from '../storage/ports.ts';
import { type Signature, type SignedParts, verifySignature } from './volc-signature.ts';

/** What the ids of all pairs begin with. */
export const PAIR_PREFIX = 'AKLT';
const ID_CHARS = 44;
/** Pairs kept in memory; beyond, the oldest is read again when it comes. */
const CACHED_PAIRS_MAX = 10_000;
/** Signatures remembered, so that a request that changes something is carried out once. */
const SEEN_SIGNATURES_MAX = 100_000;

/** A new pair and its secret, which nobody sees again: show it once. */
export function mintAccessKey(
  accountId: string,
  sealer: Sealer,
  nowMs: number,
): { readonly row: AccessKeyRow; readonly secret: string } {
  const id = PAIR_PREFIX + newName(ID_CHARS);
  const secret = Buffer.from(newSecret('')).toString('base64');
  const sealed = sealer.seal(secret, id);
  return { row: { id, accountId, sealed, state: 'active', createdMs: nowMs }, secret };
}

/** Who signed a request. */
export interface Signer extends Signature {
  readonly accountId: string;
  /** Called before something is changed. Fault: `signature_replayed`. */
  claimOnce(): void;
}

export interface SignedAccess {
  /** The signer of this request. Faults: those of verifySignature. */
  identify(parts: SignedParts): Promise<Signer>;
}

interface Pair {
  readonly accountId: string;
  readonly secret: string;
}

export interface SignedAccessDeps {
  readonly pairs: AccessKeys;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

export function makeSignedAccess({ pairs, sealer, clock }: SignedAccessDeps): SignedAccess {
  const cache = new Map<string, Pair>();
  const seen = new SeenSignatures(SEEN_SIGNATURES_MAX);
  let changes = 0;
  pairs.onChange(() => {
    changes += 1;
    cache.clear();
  });
  const find = async (id: string): Promise<Pair | undefined> => {
    const known = cache.get(id);
    if (known !== undefined) return known;
    const before = changes;
    const row = await pairs.byId(id);
    if (row === undefined || row.state !== 'active') return undefined;
    const pair = { accountId: row.accountId, secret: sealer.open(row.sealed, row.id) };
    if (cache.size >= CACHED_PAIRS_MAX) cache.delete(cache.keys().next().value ?? '');
    // What was read before a change must not outlive it.
    if (changes === before) cache.set(id, pair);
    return pair;
  };
  return {
    async identify(parts) {
      let accountId = '';
      const findSecret = async (id: string) => {
        const pair = await find(id);
        if (pair === undefined) return undefined;
        accountId = pair.accountId;
        return { secret: pair.secret, securityToken: null };
      };
      const signature = await verifySignature(parts, findSecret, clock.nowMs());
      const claimOnce = (): void => seen.claim(signature, clock.nowMs());
      return { ...signature, accountId, claimOnce };
    },
  };
}

/** Signatures that were used up, each until it would be refused for its age. */
export class SeenSignatures {
  readonly #untilMs = new Map<string, number>();
  readonly #countMax: number;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /**
   * Two equal requests of one second have one signature, so the second one is told to sign anew,
   * with a status that clients repeat.
   */
  claim({ signature, untilMs }: Pick<Signature, 'signature' | 'untilMs'>, nowMs: number): void {
    if (this.#untilMs.has(signature)) throw new Fault('signature_replayed', { retryAfterS: 1 });
    if (this.#untilMs.size >= this.#countMax) this.#sweep(nowMs);
    // Forgetting one that is still good would let it be used again.
    if (this.#untilMs.size >= this.#countMax) {
      throw new Fault('overloaded', { retryAfterS: 1 });
    }
    this.#untilMs.set(signature, untilMs);
  }

  #sweep(nowMs: number): void {
    for (const [signature, untilMs] of this.#untilMs) {
      if (untilMs < nowMs) this.#untilMs.delete(signature);
    }
  }
}
