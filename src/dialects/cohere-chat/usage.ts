/** Tokens and reasons to stop, as this format counts and names them. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { StopReason, TurnUsage } from '../turn.ts';

const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

interface Pair {
  readonly input: number;
  readonly output: number;
}

function readPair(value: Json | undefined): Pair | null {
  if (!isObject(value) || typeof value.output_tokens !== 'number') return null;
  return { input: count(value.input_tokens), output: value.output_tokens };
}

/**
 * What is charged, where that is told: beside it `tokens` counts what the vendor itself added to
 * the prompt, which stands before all else: so much of what was cached is none of the caller's.
 */
export function readUsage(value: Json | undefined): TurnUsage | null {
  if (!isObject(value)) return null;
  const whole = readPair(value.tokens);
  const billed = readPair(value.billed_units) ?? whole;
  if (billed === null) return null;
  const added = Math.max(0, (whole ?? billed).input - billed.input);
  const cached = Math.max(0, count(value.cached_tokens) - added);
  return {
    input: billed.input,
    output: billed.output,
    cachedInput: Math.min(cached, billed.input),
    cacheWrite: 0,
    reasoning: 0,
  };
}

/** `null`: the vendor did not count; clients want numbers there all the same. */
export function writeUsage(usage: TurnUsage | null): JsonObject {
  const { input = 0, output = 0, cachedInput = 0 } = usage ?? {};
  const tokens = { input_tokens: input, output_tokens: output };
  return { billed_units: tokens, tokens, cached_tokens: cachedInput };
}

const REASONS: Readonly<Record<string, StopReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool_calls',
};
/** The answer did not come about, or not as a whole. */
const FAILED: ReadonlySet<unknown> = new Set(['ERROR', 'TIMEOUT']);

export const hasFailed = (reason: Json | undefined): boolean => FAILED.has(reason);

/** A reason that is not known yet is an end like any other. */
export function readStop(reason: Json | undefined): StopReason {
  return (typeof reason === 'string' ? REASONS[reason] : undefined) ?? 'stop';
}

/** An answer that a filter withheld failed: the format has no word for why. */
export function writeStop(reason: StopReason, stopSequence: string | null): string {
  switch (reason) {
    case 'length':
      return 'MAX_TOKENS';
    case 'tool_calls':
      return 'TOOL_CALL';
    case 'filter':
      return 'ERROR';
    default:
      return stopSequence === null ? 'COMPLETE' : 'STOP_SEQUENCE';
  }
}
