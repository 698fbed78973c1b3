/** Reads quantities and errors from a vendor's JSON, led by the vendor's data. Pure. */
import { isObject, type Json } from '../kit/json.ts';
import { readPointer } from '../kit/pointer.ts';
import type { Cause, TokenMeter, Vendor } from './shape.ts';

/** Tokens of one call. Cached input is part of the input, reasoning is part of the output. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly reasoningTokens: number;
  /** Input written to the vendor's cache, part of the input. Absent: none. */
  readonly cacheWriteTokens?: number;
  /** What is not counted in tokens, by unit. Absent: nothing. */
  readonly units?: Readonly<Record<string, number>>;
}

/** What a vendor said when it refused. `message` is the vendor's own: it may name our account. */
export interface VendorError {
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
  readonly cause: Cause;
}

const ERROR_MESSAGE_CHARS_MAX = 2_000;

/** A count: null where the value is not a non-negative whole number. */
function toCount(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** The first pointer with something but null behind it; 0 where there is none. */
function readOptional(body: Json, pointers: readonly string[] | undefined): number | null {
  for (const pointer of pointers ?? []) {
    const value = readPointer(body, pointer);
    if (value !== undefined && value !== null) return toCount(value);
  }
  return 0;
}

/**
 * The usage in a reply, or in the stream chunk that carries it. Null where a quantity of the meter
 * is missing or is not a non-negative whole number: then nothing may be charged on it. A cached
 * count above the input can only have been counted beside it and is added.
 */
export function readUsage(meter: TokenMeter, body: Json): TokenUsage | null {
  const input = meter.input === undefined ? 0 : toCount(readPointer(body, meter.input));
  const output = meter.output === undefined ? 0 : toCount(readPointer(body, meter.output));
  const cached = readOptional(body, meter.cachedInput);
  const written = readOptional(body, meter.cacheWrite);
  const reasoning = readOptional(body, meter.reasoning);
  if (input === null || output === null || cached === null) return null;
  if (written === null || reasoning === null) return null;
  const units = meter.units === undefined ? undefined : readUnits(meter.units, body);
  if (units === null) return null;
  const beside = meter.cachedApart === true ? cached + written : cached > input ? cached : 0;
  return {
    inputTokens: input + beside,
    outputTokens: meter.reasoningApart === true ? output + reasoning : output,
    cachedInputTokens: cached,
    reasoningTokens: reasoning,
    ...(written === 0 ? {} : { cacheWriteTokens: written }),
    ...(units === undefined ? {} : { units }),
  };
}

/** A whole number at the pointer, or one for each member of a list that is no error. */
function readUnits(
  pointers: Readonly<Record<string, string>>,
  body: Json,
): Record<string, number> | null {
  const units: Record<string, number> = {};
  for (const [unit, pointer] of Object.entries(pointers)) {
    const value = readPointer(body, pointer);
    const count = Array.isArray(value) ? countGood(value as readonly Json[]) : toCount(value);
    if (count === null) return null;
    units[unit] = count;
  }
  return units;
}

function countGood(list: readonly Json[]): number {
  return list.filter((member) => !isObject(member) || (member.error ?? null) === null).length;
}

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
  const ownCode = own === undefined ? [] : [own.code];
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
