/** Tokens, and how an answer ended, in this format's words. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { StopReason, TurnUsage } from '../turn.ts';

const count = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** null where input or output is not said. */
export function readUsage(usage: Json | undefined): TurnUsage | null {
  if (!isObject(usage)) return null;
  const input = count(usage.input_tokens);
  const output = count(usage.output_tokens);
  if (input === null || output === null) return null;
  const asked = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {};
  const made = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {};
  return {
    input,
    output,
    cachedInput: count(asked.cached_tokens) ?? 0,
    cacheWrite: count(asked.cache_write_tokens) ?? 0,
    reasoning: count(made.reasoning_tokens) ?? 0,
  };
}

export function writeUsage(usage: TurnUsage): JsonObject {
  return {
    input_tokens: usage.input,
    input_tokens_details: {
      cached_tokens: usage.cachedInput,
      cache_write_tokens: usage.cacheWrite,
    },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}

export interface Said {
  readonly calls: boolean;
  readonly refusal: boolean;
}

export function readStop(response: JsonObject, said: Said): StopReason {
  const details = isObject(response.incomplete_details) ? response.incomplete_details : {};
  if (response.status === 'incomplete') {
    return details.reason === 'content_filter' ? 'filter' : 'length';
  }
  if (said.calls) return 'tool_calls';
  return said.refusal ? 'refusal' : 'stop';
}

export interface Ending {
  readonly status: 'completed' | 'incomplete';
  readonly details: JsonObject | null;
}

export function writeStop(stop: StopReason): Ending {
  if (stop === 'length') {
    return { status: 'incomplete', details: { reason: 'max_output_tokens' } };
  }
  if (stop === 'filter') return { status: 'incomplete', details: { reason: 'content_filter' } };
  return { status: 'completed', details: null };
}
