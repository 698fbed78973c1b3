/** Why an attempt failed, and what that means for the next one. */
import { Fault } from '../kit/fault.ts';
import { OutboundError } from '../kit/fetch.ts';
import { type Json, parseJson } from '../kit/json.ts';
import { readError, shownStatus } from '../vendors/refusal.ts';
import type { Cause, Vendor } from '../vendors/shape.ts';
import type { Verdict } from './breaker.ts';

const MS_PER_S = 1_000;
const VENDOR_MESSAGE_CHARS_MAX = 2_000;

/** `unfit`: not asked: it cannot take the request, or we lack its key; another one may answer. */
type Why = Cause | 'timeout' | 'stopped' | 'unfit';

export class Failure extends Error {
  readonly fault: Fault;
  readonly why: Why;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly sent: boolean;

  constructor(
    fault: Fault,
    what: {
      readonly cause: Why;
      readonly status?: number;
      readonly retryAfterMs?: number | null;
      readonly sent?: boolean;
    },
  ) {
    super(fault.message, { cause: fault });
    this.fault = fault;
    this.why = what.cause;
    this.status = what.status ?? null;
    this.retryAfterMs = what.retryAfterMs ?? null;
    this.sent = what.sent ?? true;
  }

  /** Nobody else would answer differently. */
  get final(): boolean {
    return this.why === 'caller' || this.why === 'stopped';
  }

  /** The same upstream may answer if asked again. */
  get again(): boolean {
    return this.why === 'down' || this.why === 'busy';
  }

  /** What it says of the upstream's model, and of the upstream as a whole. */
  get verdicts(): Verdicts {
    return VERDICTS[this.why];
  }
}

interface Verdicts {
  readonly model: Verdict;
  readonly upstream: Verdict;
}

const VERDICTS: Readonly<Record<Why, Verdicts>> = Object.freeze({
  // A vendor that judges requests is alive.
  caller: { model: 'good', upstream: 'good' },
  busy: { model: 'neutral', upstream: 'neutral' },
  stopped: { model: 'neutral', upstream: 'neutral' },
  account: { model: 'neutral', upstream: 'refused' },
  credential: { model: 'neutral', upstream: 'refused' },
  model: { model: 'refused', upstream: 'neutral' },
  down: { model: 'down', upstream: 'neutral' },
  timeout: { model: 'down', upstream: 'neutral' },
  unfit: { model: 'neutral', upstream: 'neutral' },
});

/** A vendor's answer that is not a success. */
export function vendorFailure(
  vendor: Vendor,
  reply: { readonly status: number; readonly text: string; readonly retryAfterMs: number | null },
): Failure {
  const body = parseJson(reply.text);
  const said = readError(vendor, reply.status, body);
  const { retryAfterMs } = reply;
  return new Failure(vendorFault(said, reply.status, retryAfterMs), {
    cause: said.cause,
    status: reply.status,
    retryAfterMs,
  });
}

/** An error that came under status 200, whole or as an event. */
export function bodyFailure(vendor: Vendor, body: Json): Failure {
  const said = readError(vendor, 200, body);
  return new Failure(vendorFault(said, 200, null), { cause: said.cause, status: 200 });
}

type Said = ReturnType<typeof readError>;

function vendorFault(said: Said, status: number, retryAfterMs: number | null): Fault {
  switch (said.cause) {
    case 'caller':
      return new Fault('vendor_rejected', {
        message: said.message.slice(0, VENDOR_MESSAGE_CHARS_MAX),
        status: shownStatus(status),
        ...(said.code === null ? {} : { vendorCode: said.code }),
        ...(said.param === null ? {} : { param: said.param }),
      });
    case 'busy':
      return new Fault('vendor_busy', {
        retryAfterS: retryAfterMs === null ? 1 : Math.ceil(retryAfterMs / MS_PER_S),
      });
    case 'account':
    case 'credential':
      return new Fault('vendor_refused_us');
    case 'model':
      return new Fault('vendor_refused_us', {
        message: 'The vendor does not serve this model to this gateway. The operator must mend it.',
      });
    case 'down':
      return new Fault('vendor_error', {
        message: `The vendor failed to answer (status ${status}).`,
      });
  }
}

/** `Retry-After` in seconds or as a date -> milliseconds; null where it says nothing. */
export function readRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null || value === '') return null;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - nowMs : seconds * MS_PER_S;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** Anything that an attempt threw. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof OutboundError) return outboundFailure(thrown);
  if (thrown instanceof Fault) {
    if (thrown.code === 'unsupported_parameter') {
      return new Failure(thrown, { cause: 'unfit', sent: false });
    }
    // A model that answers, if not as asked, is up.
    const isUp = thrown.blame !== 'vendor' || thrown.code === 'structured_output_failed';
    const cause = isUp ? 'caller' : 'down';
    return new Failure(thrown, { cause, status: 200 });
  }
  return new Failure(new Fault('internal_error', { cause: thrown }), { cause: 'caller' });
}

function outboundFailure(error: OutboundError): Failure {
  switch (error.kind) {
    case 'connect':
      return new Failure(new Fault('vendor_unreachable'), { cause: 'down', sent: false });
    case 'reset':
      return new Failure(new Fault('vendor_cut'), { cause: 'down' });
    case 'too_large':
      return new Failure(new Fault('vendor_malformed', { message: 'The answer is too large.' }), {
        cause: 'down',
      });
    case 'aborted':
      return new Failure(new Fault('vendor_timeout'), { cause: 'timeout' });
  }
}
