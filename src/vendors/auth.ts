/** How a vendor is shown our credential. */
import type { Json } from '../kit/json.ts';

/** A request that is about to be sent, as far as a signature covers it. */
export interface SignAsk {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly credential: string;
  readonly nowMs: number;
}

/** How a credential is traded for a token that lives for a while. */
export interface Trade {
  /** The request that asks for the token. */
  request(
    credential: string,
    nowMs: number,
  ): {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  /** The token and for how long it is good; null: the answer holds none. */
  read(reply: Json): { readonly token: string; readonly lifeS: number } | null;
}

/** How the credential is sent. */
export type Auth =
  | { readonly header: string; readonly prefix: string }
  /** Headers that prove the credential for this request; throws where it is not well formed. */
  | { readonly sign: (ask: SignAsk) => Readonly<Record<string, string>> }
  | { readonly header: string; readonly prefix: string; readonly trade: Trade };
