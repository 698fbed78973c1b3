/** Reads what a vendor's refusal means from its JSON, led by the vendor's data. Pure. */
import { isObject, type Json } from '../kit/json.ts';
import { readPointer } from '../kit/pointer.ts';
import type { Cause, Vendor } from './shape.ts';

/** What a vendor said when it refused. `message` is the vendor's own: it may name our account. */
export interface VendorError {
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
  readonly cause: Cause;
}

/** Statuses that say more to a caller than our own 400 does. */
const SHOWN_STATUSES: ReadonlySet<number> = new Set([400, 404, 409, 413, 415, 422]);

/** Under which status a caller is told of a vendor's refusal. */
export function shownStatus(status: number): number {
  return SHOWN_STATUSES.has(status) ? status : 400;
}

const ERROR_MESSAGE_CHARS_MAX = 2_000;

const CAUSE_BY_STATUS: Readonly<Record<number, Cause>> = Object.freeze({
  401: 'credential',
  402: 'account',
  403: 'account',
  404: 'model',
  408: 'down',
  429: 'busy',
});

function causeOfStatus(status: number): Cause {
  const listed = CAUSE_BY_STATUS[status];
  if (listed !== undefined) return listed;
  return status >= 400 && status < 500 ? 'caller' : 'down';
}

function causeOf(vendor: Vendor, status: number, code: string | null): Cause {
  const causes = vendor.causes ?? {};
  if (code !== null) {
    const exact = Object.hasOwn(causes, code) ? causes[code] : undefined;
    if (exact !== undefined) return exact;
    const prefixes = Object.keys(causes)
      .filter((key) => key.endsWith('*') && code.startsWith(key.slice(0, -1)))
      .sort((a, b) => b.length - a.length);
    const widest = prefixes[0] === undefined ? undefined : causes[prefixes[0]];
    if (widest !== undefined) return widest;
  }
  return causes[`http:${status}`] ?? causeOfStatus(status);
}

/** The first text or number at the pointers; what is nested is written as JSON where asked. */
function readText(body: Json, pointers: readonly string[], nested: boolean): string | null {
  for (const pointer of pointers) {
    const value = readPointer(body, pointer);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
    if (nested && (isObject(value) || Array.isArray(value))) return JSON.stringify(value);
  }
  return null;
}

/**
 * What a vendor's refusal means. `body` is undefined where it was not JSON. The vendor's own places
 * are tried first, then those of OpenAI, then plain ones. Never throws; the message is cut to a
 * bounded length.
 */
export function readError(vendor: Vendor, status: number, body: Json | undefined): VendorError {
  const whole = body ?? null;
  const own = vendor.errorAt;
  const ownCode = own === undefined ? [] : [own.code].flat();
  const ownMessage = own === undefined ? [] : [own.message];
  const code = readText(whole, [...ownCode, '/error/code', '/error/type', '/code'], false);
  const plain = [...ownMessage, '/error/message', '/message', '/detail', '/error'];
  const message =
    readText(whole, plain, false) ??
    readText(whole, plain, true) ??
    `The vendor answered with HTTP status ${status}.`;
  return {
    code,
    message: message.slice(0, ERROR_MESSAGE_CHARS_MAX),
    param: readText(whole, ['/error/param', '/param'], false),
    cause: causeOf(vendor, status, code),
  };
}
