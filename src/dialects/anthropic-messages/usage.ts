/** Tokens and reasons to stop, as this format counts and names them. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { StopReason, TurnUsage } from '../turn.ts';

const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/** What was read from a cache or written to one stands beside the input here. */
export function readUsage(value: Json | undefined): TurnUsage | null {
  if (!isObject(value) || typeof value.output_tokens !== 'number') return null;
  const cachedInput = count(value.cache_read_input_tokens);
  const cacheWrite = count(value.cache_creation_input_tokens);
  const details = value.output_tokens_details;
  return {
    input: count(value.input_tokens) + cachedInput + cacheWrite,
    output: value.output_tokens,
    cachedInput,
    cacheWrite,
    reasoning: isObject(details) ? count(details.thinking_tokens) : 0,
  };
}

/** `null`: the vendor did not count; clients want numbers there all the same. */
export function writeUsage(usage: TurnUsage | null): JsonObject {
  const { input = 0, output = 0, cachedInput = 0, cacheWrite = 0, reasoning = 0 } = usage ?? {};
  return {
    input_tokens: Math.max(0, input - cachedInput - cacheWrite),
    output_tokens: output,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cachedInput,
    output_tokens_details: { thinking_tokens: reasoning },
    server_tool_use: null,
  };
}

/** What a whole message says of its usage beyond the counts. */
export function writeWholeUsage(usage: TurnUsage | null): JsonObject {
  return {
    ...writeUsage(usage),
    cache_creation: null,
    inference_geo: null,
    service_tier: null,
    speed: null,
  };
}

const REASONS: Readonly<Record<string, StopReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  refusal: 'refusal',
};

/** A reason that is not known yet is an end like any other. */
export function readStop(reason: Json | undefined): StopReason {
  return (typeof reason === 'string' ? REASONS[reason] : undefined) ?? 'stop';
}

export function writeStop(reason: StopReason, stopSequence: string | null): string {
  switch (reason) {
    case 'stop':
      return stopSequence === null ? 'end_turn' : 'stop_sequence';
    case 'length':
      return 'max_tokens';
    case 'tool_calls':
      return 'tool_use';
    case 'pause':
      return 'pause_turn';
    case 'refusal':
    case 'filter':
      return 'refusal';
  }
}

/** Why it was refused, in words; null: it was not, or nobody says. */
export function readRefusal(details: Json | undefined): string | null {
  if (!isObject(details) || typeof details.explanation !== 'string') return null;
  return details.explanation === '' ? null : details.explanation;
}

export function writeRefusal(reason: StopReason, words: string): JsonObject | null {
  if (reason !== 'refusal' && reason !== 'filter') return null;
  return { type: 'refusal', category: null, explanation: words === '' ? null : words };
}
