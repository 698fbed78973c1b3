/** How much one key may ask at once and a minute: requests, tokens, calls at the same time. */
import { Fault } from '../kit/fault.ts';
import type { Counters, KeyRow, LeakRule, WindowRule, WindowVerdict } from '../storage/ports.ts';

const WINDOW_S = 60;
const MS_PER_S = 1_000;

/** Defaults for keys that say nothing of their own; 0: no limit. */
export interface LimitDefaults {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly concurrency: number;
}

/** Limits of what is called, on top of those of the key; null: none. */
export interface PlaceLimits {
  readonly id: string;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** What the caller is told of its limits, and how to give back what was not used. */
export interface Admission {
  readonly requests: WindowVerdict | null;
  readonly tokens: WindowVerdict | null;
  /** Ends the call for the limits, with the tokens that it truly used (null: not known). */
  leave(tokensUsed: number | null): void;
}

export interface Limits {
  /**
   * Counts one call of about `tokens` tokens in. Faults: the three limits of a key, and those of
   * the endpoint where the call comes through one.
   */
  admit(key: KeyRow, tokens: number, endpoint?: PlaceLimits): Promise<Admission>;
  /** nginx's limit_req for one address. Answers how long to wait. Fault: the address's limit. */
  admitAddress(zone: string, address: string, rule: LeakRule): Promise<number>;
}

export function makeLimits(counters: Counters, defaults: LimitDefaults): Limits {
  return {
    async admit(key, tokens, endpoint) {
      const ofKey: WindowsWish = {
        id: key.id,
        who: 'API key',
        tokens,
        rpm: rule(key.requestsPerMinute ?? defaults.requestsPerMinute),
        tpm: rule(key.tokensPerMinute ?? defaults.tokensPerMinute),
      };
      const max = key.concurrency ?? defaults.concurrency;
      const entered = max === 0 ? true : counters.enter(key.id, max);
      if (!(entered instanceof Promise ? await entered : entered)) {
        throw new Fault('concurrency_limit_exceeded', {
          message: `This API key may have ${max} calls open at once.`,
          retryAfterS: 1,
        });
      }
      const leave = (): void => {
        if (max > 0) void counters.leave(key.id);
      };
      try {
        const windows = await admitWindows(counters, ofKey);
        if (endpoint === undefined) return admissionOf([windows], leave);
        return admissionOf([windows, await admitPlace(counters, endpoint, windows)], leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
    async admitAddress(zone, address, leak) {
      const verdict = await counters.leak(`${zone}:${address}`, leak);
      if (verdict.ok) return verdict.waitMs;
      throw new Fault('address_limit_exceeded', {
        retryAfterS: Math.ceil(verdict.retryAfterMs / MS_PER_S),
      });
    },
  };
}

function rule(limit: number): WindowRule | null {
  return limit > 0 ? { limit, windowS: WINDOW_S } : null;
}

interface WindowsWish {
  readonly id: string;
  /** Whose limit it is, for people. */
  readonly who: string;
  readonly tokens: number;
  readonly rpm: WindowRule | null;
  readonly tpm: WindowRule | null;
}

/** One call counted in one pair of windows. */
interface Windows extends Pick<Admission, 'requests' | 'tokens'> {
  /** What the call was taken for; the limit of a call that is larger. */
  readonly wish: WindowsWish;
  /** Corrects the tokens once they are known. */
  use(tokensUsed: number): void;
  /** Takes the call out again: it was refused elsewhere. */
  undo(): Promise<void>;
}

/** The key's windows are told; the endpoint's where the key has none. */
function admissionOf(all: readonly Windows[], leave: () => void): Admission {
  return {
    requests: all.find(({ requests }) => requests !== null)?.requests ?? null,
    tokens: all.find(({ tokens }) => tokens !== null)?.tokens ?? null,
    leave(tokensUsed) {
      leave();
      if (tokensUsed !== null) for (const windows of all) windows.use(tokensUsed);
    },
  };
}

/** A call that its endpoint refuses was never the key's. */
async function admitPlace(
  counters: Counters,
  endpoint: PlaceLimits,
  ofKey: Windows,
): Promise<Windows> {
  try {
    return await admitWindows(counters, {
      id: endpoint.id,
      who: 'endpoint',
      tokens: ofKey.wish.tokens,
      rpm: rule(endpoint.requestsPerMinute ?? 0),
      tpm: rule(endpoint.tokensPerMinute ?? 0),
    });
  } catch (error) {
    await ofKey.undo();
    throw error;
  }
}

async function admitWindows(counters: Counters, wish: WindowsWish): Promise<Windows> {
  const { rpm, tpm, who } = wish;
  const requestsName = `r:${wish.id}`;
  const tokensName = `t:${wish.id}`;
  // Counters in this process answer at once; only others are waited for.
  const asked = rpm === null ? null : counters.take(requestsName, rpm, 1);
  const requests = asked instanceof Promise ? await asked : asked;
  if (requests?.ok === false) {
    const headers = limitHeaders({ requests, tokens: null });
    throw over('rate_limit_exceeded', { verdict: requests, who, headers });
  }
  const giveBackRequest = async (): Promise<void> => {
    if (rpm === null) return;
    await counters.correct(requestsName, rpm, { delta: -1, takenMs: requests?.atMs ?? 0 });
  };
  // A call larger than the whole limit is let in when nothing else was, else it never could be.
  const cost = tpm === null ? 0 : Math.min(wish.tokens, tpm.limit);
  const wanted = tpm === null ? null : counters.take(tokensName, tpm, cost);
  const tokens = wanted instanceof Promise ? await wanted : wanted;
  if (tokens !== null && !tokens.ok) {
    await giveBackRequest();
    const headers = limitHeaders({ requests, tokens });
    throw over('token_limit_exceeded', { verdict: tokens, who, headers });
  }
  const use = (tokensUsed: number): void => {
    if (tpm === null || tokensUsed === cost) return;
    const takenMs = tokens?.atMs ?? 0;
    void counters.correct(tokensName, tpm, { delta: tokensUsed - cost, takenMs });
  };
  const undo = async (): Promise<void> => {
    await giveBackRequest();
    use(0);
  };
  return { wish, requests, tokens, use, undo };
}

interface Over {
  readonly verdict: WindowVerdict;
  readonly who: string;
  readonly headers: Readonly<Record<string, string>>;
}

function over(
  code: 'rate_limit_exceeded' | 'token_limit_exceeded',
  { verdict, who, headers }: Over,
): Fault {
  const unit = code === 'rate_limit_exceeded' ? 'requests' : 'tokens';
  const retryAfterS = Math.max(1, Math.ceil(verdict.retryAfterMs / MS_PER_S));
  return new Fault(code, {
    message: `This ${who} may use ${verdict.limit} ${unit} a minute. Retry in ${retryAfterS} s.`,
    retryAfterS,
    headers,
  });
}

/** The headers that OpenAI's clients read. */
export function limitHeaders(
  admission: Pick<Admission, 'requests' | 'tokens'>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const { requests, tokens } = admission;
  if (requests !== null) {
    headers['x-ratelimit-limit-requests'] = String(requests.limit);
    headers['x-ratelimit-remaining-requests'] = String(requests.remaining);
    headers['x-ratelimit-reset-requests'] = resetText(requests);
  }
  if (tokens !== null) {
    headers['x-ratelimit-limit-tokens'] = String(tokens.limit);
    headers['x-ratelimit-remaining-tokens'] = String(tokens.remaining);
    headers['x-ratelimit-reset-tokens'] = resetText(tokens);
  }
  return headers;
}

/** The window is counted by whole seconds, one more than it lasts. */
function resetText(verdict: WindowVerdict): string {
  return `${Math.min(WINDOW_S, Math.ceil(verdict.resetMs / MS_PER_S))}s`;
}
