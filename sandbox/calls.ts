/** What the sandbox received and how it ended: for tests that count calls, chunks and aborts. */
import type { JsonObject } from '../src/kit/json.ts';
import { nowMs } from './clock.ts';

/** The oldest calls are forgotten beyond this number. */
export const CALLS_MAX = 200_000;
export const PAGE_MAX = 10_000;
const PAGE_DEFAULT = 1_000;

/** One received chat call, in the shape of `GET /sandbox/calls`. */
export interface Call {
  readonly n: number;
  readonly vendor: string;
  model: string;
  stream: boolean;
  readonly client_request_id: string | null;
  /** HTTP status sent; 0 while or where none was. */
  status: number;
  /** Stream events whose bytes the kernel took; `[DONE]` and comments are not counted. */
  chunks_sent: number;
  /** Stream events of the whole answer; 0 where not streamed or endless. */
  chunks_total: number;
  /** Tokens of the answer and its reasoning in the events sent. */
  tokens_sent: number;
  /** The caller left before the answer was over. */
  aborted: boolean;
  /** The usage that was sent; null where none went out. */
  usage: JsonObject | null;
  readonly body_bytes: number;
  /** Milliseconds since 1970; `ended_ms` is null while the call is open. */
  readonly started_ms: number;
  ended_ms: number | null;
}

export type NewCall = Pick<Call, 'vendor' | 'client_request_id' | 'body_bytes'>;

export interface Page {
  readonly calls: readonly Call[];
  /** Ask with `after` set to this for the next page. */
  readonly next: number;
  /** Number of the newest call. */
  readonly last: number;
}

/** A call that has just arrived. */
export function newCall(n: number, facts: NewCall): Call {
  return {
    n,
    ...facts,
    model: '',
    stream: false,
    status: 0,
    chunks_sent: 0,
    chunks_total: 0,
    tokens_sent: 0,
    aborted: false,
    usage: null,
    started_ms: nowMs(),
    ended_ms: null,
  };
}

export class CallLog {
  #ring: Call[] = [];
  #last = 0;
  #open = 0;
  #openMax = 0;
  #aborted = 0;
  #chunks = 0;
  #redirected = 0;
  #byStatus: Record<string, number> = {};
  #byVendor: Record<string, number> = {};

  begin(facts: NewCall): Call {
    this.#last += 1;
    const call = newCall(this.#last, facts);
    this.#ring[(this.#last - 1) % CALLS_MAX] = call;
    this.#open += 1;
    this.#openMax = Math.max(this.#openMax, this.#open);
    this.#byVendor[call.vendor] = (this.#byVendor[call.vendor] ?? 0) + 1;
    return call;
  }

  /** Ends a call once; later words about it are ignored. */
  end(call: Call, aborted: boolean): void {
    if (call.ended_ms !== null) return;
    call.ended_ms = nowMs();
    call.aborted = aborted;
    this.#open -= 1;
    if (aborted) this.#aborted += 1;
    this.#chunks += call.chunks_sent;
    this.#byStatus[call.status] = (this.#byStatus[call.status] ?? 0) + 1;
  }

  countRedirect(): void {
    this.#redirected += 1;
  }

  page(after: number, limit: number): Page {
    const oldest = Math.max(0, this.#last - CALLS_MAX);
    const start = Math.max(oldest, Math.max(0, Math.floor(after) || 0));
    const size = Math.min(PAGE_MAX, Math.max(1, Math.floor(limit) || PAGE_DEFAULT));
    const end = Math.min(this.#last, start + size);
    const calls: Call[] = [];
    for (let at = start; at < end; at += 1) calls.push(this.#ring[at % CALLS_MAX]!);
    return { calls, next: end, last: this.#last };
  }

  stats(): Readonly<Record<string, number | Readonly<Record<string, number>>>> {
    return {
      calls: this.#last,
      open: this.#open,
      open_max: this.#openMax,
      aborted: this.#aborted,
      chunks_sent: this.#chunks,
      redirects_followed: this.#redirected,
      by_status: this.#byStatus,
      by_vendor: this.#byVendor,
    };
  }

  /** Forgets every call and starts again at 1; calls under way end unseen. */
  reset(): void {
    this.#ring = [];
    this.#last = 0;
    this.#openMax = this.#open;
    this.#aborted = 0;
    this.#chunks = 0;
    this.#redirected = 0;
    this.#byStatus = {};
    this.#byVendor = {};
  }
}
