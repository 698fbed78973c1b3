/**
 * What proves to a vendor that it is us, for vendors that want more than a header: a signature of
 * each request, or a token that our credential is traded for and that lives for a while.
 */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { Outbound } from '../kit/fetch.ts';
import { parseJson } from '../kit/json.ts';
import type { SignAsk, Trade } from '../vendors/shape.ts';
import { Failure, vendorFailure } from './failure.ts';
import type { Upstream } from './upstreams.ts';

/** A token is traded anew this long before it ends. */
const MARGIN_MS = 60_000;
const TRADE_TIMEOUT_MS = 15_000;
const TOKEN_REPLY_BYTES_MAX = 64 * 1024;
const MS_PER_S = 1_000;

export interface Credentials {
  /**
   * More headers for this request; null where the upstream's own are enough, which costs nothing.
   * Failure: the credential is not accepted, or not well formed.
   */
  prove(
    upstream: Upstream,
    ask: Omit<SignAsk, 'credential' | 'nowMs'>,
  ): null | Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

interface Traded {
  readonly credential: string;
  readonly token: Promise<string>;
  endsMs: number;
}

export function makeCredentials(outbound: Outbound, clock: Clock): Credentials {
  // One an upstream, so it has the bound that the settings have.
  const tokens = new Map<string, Traded>();
  const tokenOf = (upstream: Upstream, credential: string, trade: Trade): Promise<string> => {
    const known = tokens.get(upstream.id);
    const nowMs = clock.nowMs();
    if (known?.credential === credential && known.endsMs > nowMs) return known.token;
    const entry: Traded = {
      credential,
      // Nobody asks twice while the answer is on its way.
      endsMs: nowMs + TRADE_TIMEOUT_MS,
      token: trades(upstream, trade, { credential, outbound, clock }).then(({ token, lifeS }) => {
        entry.endsMs = nowMs + lifeS * MS_PER_S - MARGIN_MS;
        return token;
      }),
    };
    tokens.set(upstream.id, entry);
    entry.token.catch(() => {
      if (tokens.get(upstream.id) === entry) tokens.delete(upstream.id);
    });
    return entry.token;
  };
  return {
    prove(upstream, ask) {
      const { auth } = upstream.vendor;
      const { credential } = upstream;
      if (auth === null || credential === null) return null;
      if ('sign' in auth)
        return signed(() => auth.sign({ ...ask, credential, nowMs: clock.nowMs() }));
      if (!('trade' in auth)) return null;
      return tokenOf(upstream, credential, auth.trade).then((token) => {
        return { [auth.header]: auth.prefix + token };
      });
    },
  };
}

/** A credential that cannot even be read is the operator's to mend. */
function signed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Failure(new Fault('vendor_refused_us', { cause: error }), {
      cause: 'credential',
      sent: false,
    });
  }
}

interface TradeDeps {
  readonly credential: string;
  readonly outbound: Outbound;
  readonly clock: Clock;
}

async function trades(
  upstream: Upstream,
  trade: Trade,
  { credential, outbound, clock }: TradeDeps,
): Promise<{ readonly token: string; readonly lifeS: number }> {
  const ask = signed(() => trade.request(credential, clock.nowMs()));
  const abort = new AbortController();
  const takeBack = clock.after(TRADE_TIMEOUT_MS, () => abort.abort());
  try {
    const reply = await outbound({
      ...ask,
      method: 'POST',
      signal: abort.signal,
      connectMs: TRADE_TIMEOUT_MS,
    });
    const text = await reply.text(TOKEN_REPLY_BYTES_MAX);
    if (reply.status !== 200) {
      const said = vendorFailure(upstream.vendor, {
        status: reply.status,
        text,
        retryAfterMs: null,
      });
      // Refused here means that the credential is not good, whatever the words.
      if (reply.status < 500) throw refused(said);
      throw said;
    }
    const read = trade.read(parseJson(text) ?? null);
    if (read === null) throw new Fault('vendor_malformed');
    return read;
  } finally {
    takeBack();
  }
}

function refused(said: Failure): Failure {
  return new Failure(new Fault('vendor_refused_us', { cause: said.fault }), {
    cause: 'credential',
    status: said.status ?? 0,
    sent: false,
  });
}
