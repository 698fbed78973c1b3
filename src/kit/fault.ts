/**
 * Every way in which Gangway says no. One table, by whose mend it is: HTTP status, retry policy,
 * documentation and the words on the wire all follow from it.
 */
import { CALLER_FAULTS } from './faults/caller.ts';
import { GATEWAY_FAULTS } from './faults/gateway.ts';
import type { Blame, FaultRow } from './faults/row.ts';
import { VENDOR_FAULTS } from './faults/vendor.ts';
import type { JsonObject } from './json.ts';

const ALL = { ...CALLER_FAULTS, ...VENDOR_FAULTS, ...GATEWAY_FAULTS };

export type FaultCode = keyof typeof ALL;

export const FAULTS: Readonly<Record<FaultCode, FaultRow>> = Object.freeze(ALL);

export interface FaultDetail {
  /** Replaces the table's words. Never carries a secret. */
  readonly message?: string;
  /** The caller's field at fault, as a path such as `messages[0].content`. */
  readonly param?: string;
  /** Seconds after which a retry makes sense. */
  readonly retryAfterS?: number;
  /** The vendor's own code, shown as `error.code` so that clients can branch on it. */
  readonly vendorCode?: string;
  /** Replaces the table's status where the vendor's own is more exact (4xx only). */
  readonly status?: number;
  /** More headers of the answer, such as what is left of a limit. */
  readonly headers?: Readonly<Record<string, string>>;
  /** More members of the error object, such as the answer that did not do. */
  readonly more?: JsonObject;
  readonly cause?: unknown;
}

export class Fault extends Error {
  readonly code: FaultCode;
  readonly status: number;
  readonly detail: FaultDetail;

  constructor(code: FaultCode, detail: FaultDetail = {}) {
    super(detail.message ?? FAULTS[code].words);
    this.name = 'Fault';
    this.code = code;
    this.status = detail.status ?? FAULTS[code].status;
    this.detail = detail;
  }

  get retry(): boolean {
    return FAULTS[this.code].retry;
  }

  get blame(): Blame {
    return FAULTS[this.code].blame;
  }
}

/** Anything thrown becomes a fault; what is not one already is ours and says nothing more. */
export function toFault(thrown: unknown): Fault {
  return thrown instanceof Fault ? thrown : new Fault('internal_error', { cause: thrown });
}

/** Of a database that failed. What it found wrong with the request itself is said as it is. */
export function storageFault(cause: unknown, retryAfterS = 1): Fault {
  if (cause instanceof Fault && cause.blame === 'caller') return cause;
  return new Fault('storage_unavailable', { cause, retryAfterS });
}
