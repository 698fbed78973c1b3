/** What one call is while it lives, and what the relay needs to carry it. */
import type { Rescuable } from '../dialects/rescue.ts';
import type { Family, WireRequest } from '../dialects/shape.ts';
import type { Clock, Deadlines } from '../kit/clock.ts';
import type { Fault } from '../kit/fault.ts';
import type { Outbound } from '../kit/fetch.ts';
import type { Json } from '../kit/json.ts';
import type { Log } from '../kit/log.ts';
import type { Price } from '../ledger/price.ts';
import type { Admission, Limits } from '../limits/limits.ts';
import type {
  EndReason,
  HoldRow,
  KeyRow,
  Ledger,
  Quantities,
  SettleRow,
  UsageSource,
} from '../storage/ports.ts';
import type { Breaker } from './breaker.ts';
import type { Credentials } from './credentials.ts';
import type { EndpointResolver } from './endpoints.ts';
import type { Settlements } from './settlements.ts';
import type { Structured, StructuredWishes } from './structured.ts';
import type { Candidate, Route, Routes } from './upstreams.ts';

/** Time limits of one attempt, milliseconds. */
export interface TimeLimits {
  readonly connectMs: number;
  /** From sending the request to the first byte of a stream, or the whole of a plain answer. */
  readonly firstByteMs: number;
  /** Between two pieces of a stream. */
  readonly idleMs: number;
  readonly totalMs: number;
}

export interface RetrySettings {
  /** Tries after the first one, at the same upstream. */
  readonly count: number;
  readonly delayMs: number;
  /** A vendor's longer Retry-After is passed on to the caller instead of waited for. */
  readonly retryAfterMsMax: number;
}

export interface DrainSettings {
  /** How long an answer is read on after its caller left. */
  readonly drainMs: number;
  /** Answers read on at once; beyond, they are stopped and charged as streamed. */
  readonly drainsMax: number;
}

export interface StructuredSettings {
  /** Answers that one call may ask for until one fits its schema, the first one included. */
  readonly attemptsMax: number;
  /** The most that may be held for the answers after the first, in nano-units; null: any sum. */
  readonly againMax: bigint | null;
}

export interface RescueSettings {
  /** Where the key does not say. */
  readonly enabled: boolean;
  /** How often another upstream may finish one answer that broke off. */
  readonly timesMax: number;
  /** Models whose answers are rescued where the key does not say; null: all. */
  readonly models: ReadonlySet<string> | null;
}

export interface RelaySettings {
  readonly times: TimeLimits;
  readonly retry: RetrySettings;
  readonly drain: DrainSettings;
  readonly structured: StructuredSettings;
  readonly rescue: RescueSettings;
}

/** Is told of every call that ended; for metrics. */
export interface Observer {
  callEnded(call: Call, row: SettleRow): void;
}

export interface RelayDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly random: () => number;
  readonly outbound: Outbound;
  readonly routes: Routes;
  readonly endpoints: EndpointResolver;
  readonly credentials: Credentials;
  readonly limits: Limits;
  readonly ledger: Ledger;
  readonly settlements: Pick<Settlements, 'add'>;
  readonly breaker: Breaker;
  readonly settings: RelaySettings;
  readonly log: Log;
  readonly observer: Observer;
  /** Calls that live now; shut down, and counted, through this. */
  readonly live: Set<Call>;
}

/** Who calls, as far as the relay must know. */
export interface Caller {
  readonly key: KeyRow;
  /** Model ids it may use; null: all. */
  readonly models: ReadonlySet<string> | null;
  /** Neither its account nor its own budget limits it. */
  readonly unlimited: boolean;
}

/** What the edge knows of a call. */
export interface CallInput {
  readonly requestId: string;
  readonly caller: Caller;
  /** What is asked of the model. */
  readonly family: Family;
  /** Id of the caller's format. */
  readonly dialect: string;
  readonly request: WireRequest;
  /** The one upstream that can answer, for it has what the request names; absent: any. */
  readonly upstream?: string;
  /** May fields be left out that the vendor refuses? */
  readonly mayDrop: boolean;
  /** What it says of the JSON that it wants; absent: nothing. */
  readonly structured?: StructuredWishes;
  /** Fires when the caller leaves. */
  readonly left: AbortSignal;
  /** The caller's dialect for a stream that cannot be completed. */
  readonly writeFaultEvent: (fault: Fault) => string;
  /** When the request came in, by the clock's tick. */
  readonly startedTickMs: number;
}

export interface AttemptNote {
  readonly upstream: string;
  readonly model: string;
  readonly ms: number;
  readonly status: number | null;
  /** A fault code, or "ok". */
  readonly result: string;
  /** The vendor had the whole request, so it may have charged us. */
  readonly sent: boolean;
}

/** What one attempt used, at its own price. */
export interface Spent {
  readonly quantities: Quantities;
  readonly price: Price | null;
  readonly source: UsageSource;
}

export interface Call {
  readonly input: CallInput;
  readonly route: Route;
  readonly admission: Admission;
  readonly hold: HoldRow;
  readonly attempts: AttemptNote[];
  /** The JSON that is wanted; null: none. */
  readonly structured: Structured | null;
  /** What attempts used whose answers were not the last: part of what the call costs. */
  readonly earlier: Spent[];
  /** Set where another upstream may finish the stream. */
  readonly rescuable: Rescuable | null;
  /** Who may be asked, in no order. */
  readonly candidates: readonly Candidate[];
  dropped: readonly string[];
  /** What was said to the vendor otherwise than the caller said it. */
  warnings: readonly string[];
  /** Answers to parts of a call that is sent in several, by candidate and part. */
  readonly answered: Map<string, string>;
  candidate: Candidate | null;
  queuedMs: number;
  firstByteMs: number | null;
  /** Why it is being stopped, once it is. */
  stopped: Extract<EndReason, 'caller_left' | 'shutdown'> | null;
  /** Stops the attempt that is under way. */
  stop: ((why: 'caller_left' | 'shutdown') => void) | null;
  /** Leaves the attempt under way at most this much time. */
  endWithin: ((ms: number) => void) | null;
  draining: boolean;
  settled: boolean;
}

/** What the edge sends back. */
export type Answer =
  | {
      readonly kind: 'whole';
      readonly headers: Record<string, string>;
      readonly text: string;
      /** Who answered, and with what, for those who keep something of it. */
      readonly upstream: string;
      readonly body: Json;
    }
  | {
      readonly kind: 'stream';
      readonly headers: Record<string, string>;
      /** Carries the stream to its end; never throws. */
      readonly pump: (sink: Sink) => Promise<void>;
    };

/** Where a stream goes. */
export interface Sink {
  /** Answers a promise where the caller reads slower than we write. */
  write(bytes: Uint8Array | string): void | Promise<void>;
}

const MS_PER_S = 1_000;

/** What the ways between formats need to know of a call. */
export function exchangeWish(input: CallInput, hold: Pick<HoldRow, 'id' | 'startedMs'>) {
  return {
    from: input.dialect,
    request: input.request,
    callId: hold.id,
    nowS: Math.floor(hold.startedMs / MS_PER_S),
  };
}
