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

/** What the caller is told of its limits, and how to give back what was not used. */
export interface Admission {
  readonly requests: WindowVerdict | null;
  readonly tokens: WindowVerdict | null;
  /** Ends the call for the limits, with the tokens that it truly used (null: not known). */
  leave(tokensUsed: number | null): void;
}

export interface Limits {
  /** Counts one call of about `tokens` tokens in. Faults: the three limits of a key. */
  admit(key: KeyRow, tokens: number): Promise<Admission>;
  /** nginx's limit_req for one address. Answers how long to wait. Fault: the address's limit. */
  admitAddress(zone: string, address: string, rule: LeakRule): Promise<number>;
}

export function makeLimits(counters: Counters, defaults: LimitDefaults): Limits {
  return {
    async admit(key, tokens) {
      const rpm = rule(key.requestsPerMinute ?? defaults.requestsPerMinute);
      const tpm = rule(key.tokensPerMinute ?? defaults.tokensPerMinute);
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
        return await admitWindows(counters, { key, tokens, rpm, tpm, leave });
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
  readonly key: KeyRow;
  readonly tokens: number;
  readonly rpm: WindowRule | null;
  readonly tpm: WindowRule | null;
  readonly leave: () => void;
}

async function admitWindows(counters: Counters, wish: WindowsWish): Promise<Admission> {
  const { key, rpm, tpm } = wish;
  const requestsName = `r:${key.id}`;
  const tokensName = `t:${key.id}`;
  // Counters in this process answer at once; only others are waited for.
  const asked = rpm === null ? null : counters.take(requestsName, rpm, 1);
  const requests = asked instanceof Promise ? await asked : asked;
  if (requests?.ok === false) {
    throw over('rate_limit_exceeded', requests, limitHeaders({ requests, tokens: null }));
  }
  // A call larger than the whole limit is let in when nothing else was, else it never could be.
  const cost = tpm === null ? 0 : Math.min(wish.tokens, tpm.limit);
  const wanted = tpm === null ? null : counters.take(tokensName, tpm, cost);
  const tokens = wanted instanceof Promise ? await wanted : wanted;
  if (tokens !== null && !tokens.ok) {
    if (rpm !== null)
      await counters.correct(requestsName, rpm, { delta: -1, takenMs: requests?.atMs ?? 0 });
    throw over('token_limit_exceeded', tokens, limitHeaders({ requests, tokens }));
  }
  return {
    requests,
    tokens,
    leave(tokensUsed) {
      wish.leave();
      if (tpm !== null && tokensUsed !== null && tokensUsed !== cost) {
        const takenMs = tokens?.atMs ?? 0;
        void counters.correct(tokensName, tpm, { delta: tokensUsed - cost, takenMs });
      }
    },
  };
}

function over(
  code: 'rate_limit_exceeded' | 'token_limit_exceeded',
  verdict: WindowVerdict,
  headers: Readonly<Record<string, string>>,
): Fault {
  const unit = code === 'rate_limit_exceeded' ? 'requests' : 'tokens';
  const retryAfterS = Math.max(1, Math.ceil(verdict.retryAfterMs / MS_PER_S));
  return new Fault(code, {
    message: `This API key may use ${verdict.limit} ${unit} a minute. Retry in ${retryAfterS} s.`,
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
