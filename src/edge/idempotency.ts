/**
 * `Idempotency-Key` on every route that it is put around: the row is written before anything is
 * carried out, so that whatever happens in between, a second request never pays a second time.
 */
import type { Clock } from '../kit/clock.ts';
import { Fault, storageFault } from '../kit/fault.ts';
import { newId } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import type { Idempotency, KeptAnswer, OnceFound, OnceRow } from '../storage/ports.ts';
import { type BodyReader, readAnyBytes } from './body.ts';
import { onceBodyHash, onceId, readOnceKey } from './once-key.ts';
import { carryOut, type OnceRun } from './once-run.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

export interface OnceSettings {
  /** A larger answer is not kept. */
  readonly answerBytesMax: number;
  /** Beyond, answers of the account are not kept. */
  readonly accountBytesMax: number;
  /** How long a second request waits for the first one's answer. */
  readonly waitMs: number;
}

export interface OnceDeps extends BodyReader {
  readonly store: Idempotency;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: OnceSettings;
  /** How long a call whose caller left goes on, and how many of them at once. */
  readonly drain: { readonly drainMs: number; readonly drainsMax: number };
}

const KEEP_MS = 24 * 3_600_000;
/** A process that says nothing for so long is dead. */
const LEASE_MS = 60_000;
/** Requests that wait for another's answer at once; more are told to come back. */
const WAITERS_MAX = 500;
const POLL_MS = 50;
const POLL_MS_MAX = 1_000;
const RETRY_AFTER_S = 1;
const KEYS_PER_ACCOUNT_MAX = 200_000;
/** Accounts that keep the most are watched for their bounds. */
const ACCOUNTS_WATCHED_MAX = 1_000;
const SWEEP_ROWS_MAX = 1_000;
const SWEEP_GROUPS_MAX = 200;

export interface Once {
  /** The same routes; those on which callers ask for something to be done keep their answers. */
  around(routes: readonly Route[]): readonly Route[];
  /** Says that this process lives; every 10 s. */
  renew(): Promise<void>;
  /** Deletes what has expired, and looks who keeps too much; every minute. */
  sweep(): Promise<void>;
}

export function makeOnce(deps: OnceDeps): Once {
  const keeper = new Keeper(deps);
  return {
    around: (routes) => routes.map((one) => keeper.around(one)),
    renew: () => keeper.renew(),
    sweep: () => keeper.sweep(),
  };
}

class Keeper {
  readonly #deps: OnceDeps;
  readonly #owner = newId('node');
  /** Calls under way, and those of them whose caller left. */
  readonly #load = { running: 0, left: 0 };
  #waiters = 0;
  /** Accounts with too many keys, and with too many bytes. */
  #crowded: ReadonlySet<string> = new Set();
  #heavy: ReadonlySet<string> = new Set();

  constructor(deps: OnceDeps) {
    this.#deps = deps;
  }

  around(one: Route): Route {
    if (one.method !== 'POST' || one.access !== 'caller') return one;
    return route({ ...one, handle: (visit) => this.#visit(one, visit) });
  }

  async renew(): Promise<void> {
    if (this.#load.running === 0) return;
    await this.#deps.store.renew(this.#owner, this.#deps.clock.nowMs() + LEASE_MS);
  }

  async sweep(): Promise<void> {
    const { store, clock, settings } = this.#deps;
    const nowMs = clock.nowMs();
    for (let groups = 0; groups < SWEEP_GROUPS_MAX; groups += 1) {
      if ((await store.sweep(nowMs, SWEEP_ROWS_MAX)) < SWEEP_ROWS_MAX) break;
      // Lets calls in between two groups.
      await clock.sleep(0);
    }
    const use = [...(await store.use(ACCOUNTS_WATCHED_MAX))];
    const over = (is: (of: { rows: number; bytes: number }) => boolean): ReadonlySet<string> =>
      new Set(use.filter(([, of]) => is(of)).map(([id]) => id));
    this.#crowded = over(({ rows }) => rows >= KEYS_PER_ACCOUNT_MAX);
    this.#heavy = over(({ bytes }) => bytes >= settings.accountBytesMax);
  }

  async #visit(one: Route, visit: Visit): Promise<Response> {
    const key = readOnceKey(visit);
    if (key === null) return one.handle(visit);
    visit.holdOpen();
    try {
      return await this.#once(one, visit, key);
    } catch (thrown) {
      visit.letIdle();
      throw thrown;
    }
  }

  async #once(one: Route, visit: Visit, key: string): Promise<Response> {
    const { store, clock, bodyLimits, deadlines, settings } = this.#deps;
    const { accountId } = callerOf(visit).key;
    const body = await readAnyBytes(visit.request, bodyLimits, deadlines);
    const nowMs = clock.nowMs();
    const row: OnceRow = {
      id: onceId(visit, key),
      accountId,
      bodyHash: onceBodyHash(visit.request, body),
      owner: this.#owner,
      leaseUntilMs: nowMs + LEASE_MS,
      expiresMs: nowMs + KEEP_MS,
    };
    if (this.#crowded.has(accountId)) {
      const known = await stored(store.find(row.id, nowMs));
      if (known === null) throw new Fault('idempotency_limit_exceeded', { retryAfterS: 60 });
    }
    const found = await stored(store.begin(row, nowMs));
    if (found !== null) return this.#again(row, found, visit);
    const run: OnceRun = {
      row,
      body,
      load: this.#load,
      bytesMax: this.#heavy.has(accountId) ? 0 : settings.answerBytesMax,
    };
    return carryOut(one, { visit, run }, this.#deps);
  }

  async #again(row: OnceRow, first: OnceFound, visit: Visit): Promise<Response> {
    if (first.bodyHash !== row.bodyHash) throw new Fault('idempotency_mismatch');
    const found = first.state === 'running' ? await this.#wait(row.id, visit) : first;
    if (found.state === 'lost') throw new Fault('idempotency_no_answer');
    if (found.state === 'done') {
      visit.letIdle();
      return replay(found.answer);
    }
    throw new Fault('idempotency_in_progress', { retryAfterS: RETRY_AFTER_S });
  }

  /** Asks the store, for the first request may run on another node. */
  async #wait(id: string, visit: Visit): Promise<OnceFound> {
    const { store, clock, settings } = this.#deps;
    const busy = new Fault('idempotency_in_progress', { retryAfterS: RETRY_AFTER_S });
    if (this.#waiters >= WAITERS_MAX) throw busy;
    this.#waiters += 1;
    try {
      const endTickMs = clock.tickMs() + settings.waitMs;
      for (let pauseMs = POLL_MS; clock.tickMs() < endTickMs && !visit.request.signal.aborted; ) {
        await clock.sleep(Math.min(pauseMs, endTickMs - clock.tickMs()));
        pauseMs = Math.min(POLL_MS_MAX, pauseMs * 2);
        const found = await stored(store.find(id, clock.nowMs()));
        // The first came to nothing: whoever asks again is the first then.
        if (found === null) throw busy;
        if (found.state !== 'running') return found;
      }
      throw busy;
    } finally {
      this.#waiters -= 1;
    }
  }
}

function stored<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw storageFault(cause, RETRY_AFTER_S);
  });
}

function replay({ status, headers, body }: KeptAnswer): Response {
  return new Response(body, { status, headers: { ...headers, 'idempotent-replayed': 'true' } });
}
