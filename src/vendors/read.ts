/** Reads quantities from a vendor's JSON, led by the vendor's data. Pure. */
import { isObject, type Json } from '../kit/json.ts';
import { readPointer } from '../kit/pointer.ts';
import type { TokenMeter } from './shape.ts';

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
  if (meter.input === undefined && meter.output === undefined && meter.units === undefined) {
    return null;
  }
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
