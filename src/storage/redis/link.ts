/** One connection to Redis that comes back by itself, and on which nobody waits for long. */
import { RedisClient } from 'bun';
import { type Clock, Deadlines } from '../../kit/clock.ts';
import type { Log } from '../../kit/log.ts';
import type { Script } from './scripts.ts';

/** The longest that a call waits for an answer; then the connection counts as lost. */
const ANSWER_MS_MAX = 500;
const CONNECT_MS_MAX = 1_000;
/** The pause before connecting anew: doubled each time, up to the longest. */
const PAUSE_MS = 100;
const PAUSE_MS_MAX = 5_000;

export interface RedisLinkDeps {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class RedisLink {
  readonly #deps: RedisLinkDeps;
  readonly #deadlines: Deadlines;
  readonly #client: RedisClient;
  #state: 'up' | 'down' | 'closed' = 'down';
  /** Each time that it is away is told once. */
  #told = false;
  #pauseMs = PAUSE_MS;
  /** Takes back the next try to connect. */
  #cancelTry: (() => void) | null = null;

  constructor(deps: RedisLinkDeps) {
    this.#deps = deps;
    this.#deadlines = new Deadlines(deps.clock);
    // Its own queue and reconnects would let calls wait without an end that we know.
    this.#client = new RedisClient(deps.url, {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: CONNECT_MS_MAX,
      idleTimeout: 0,
    });
    this.#client.onclose = () => this.#lose('the connection was closed');
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Tries once, then goes on trying by itself. Never throws. */
  async connect(): Promise<void> {
    this.#cancelTry = null;
    try {
      await this.#within(this.#client.connect(), CONNECT_MS_MAX);
      if (this.#state === 'closed') return;
      this.#state = 'up';
      this.#told = false;
      this.#pauseMs = PAUSE_MS;
      this.#deps.log.info('the counters in Redis are reached');
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : 'no connection');
    }
  }

  /** Runs a script by its hash; Redis is told the text where it does not know that. */
  async run(script: Script, key: string, args: readonly (string | number)[]): Promise<unknown> {
    const rest = ['1', key, ...args.map(String)];
    try {
      return await this.send('EVALSHA', [script.sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.send('EVAL', [script.text, ...rest]);
    }
  }

  /** Throws at once where there is no connection. */
  async send(command: string, args: string[]): Promise<unknown> {
    if (this.#state !== 'up') throw new Error('there is no connection to Redis');
    return this.#within(this.#client.send(command, args), ANSWER_MS_MAX);
  }

  close(): void {
    this.#state = 'closed';
    this.#cancelTry?.();
    this.#client.close();
  }

  #within<T>(work: Promise<T>, ms: number): Promise<T> {
    return this.#deadlines.within(work, ms, () => {
      const why = `Redis did not answer within ${ms} ms`;
      // Whoever asks next must not wait as long.
      this.#lose(why);
      this.#client.close();
      return new Error(why);
    });
  }

  #lose(why: string): void {
    if (this.#state === 'closed') return;
    if (!this.#told) this.#deps.log.error('the counters in Redis are away', { why });
    this.#told = true;
    this.#state = 'down';
    if (this.#cancelTry !== null) return;
    this.#cancelTry = this.#deps.clock.after(this.#pauseMs, () => void this.connect());
    this.#pauseMs = Math.min(PAUSE_MS_MAX, this.#pauseMs * 2);
  }
}
