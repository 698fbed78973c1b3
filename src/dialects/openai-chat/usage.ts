/** Tokens, and why an answer ended, in this format's words. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { StopReason, TurnUsage } from '../turn.ts';

const count = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

const inner = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** null where input or output is not said. */
export function readUsage(usage: Json | undefined): TurnUsage | null {
  if (!isObject(usage)) return null;
  const input = count(usage.prompt_tokens);
  const said = count(usage.completion_tokens);
  if (input === null || said === null) return null;
  const asked = inner(usage.prompt_tokens_details);
  const made = inner(usage.completion_tokens_details);
  const cachedInput =
    count(asked.cached_tokens) ??
    count(usage.prompt_cache_hit_tokens) ??
    count(usage.cached_tokens) ??
    0;
  const reasoning = count(made.reasoning_tokens) ?? count(usage.reasoning_tokens) ?? 0;
  // Some count the reasoning beside the output: then only the total tells.
  const isApart = reasoning > 0 && count(usage.total_tokens) === input + said + reasoning;
  return {
    input,
    output: isApart ? said + reasoning : said,
    cachedInput,
    cacheWrite: count(asked.cache_write_tokens) ?? 0,
    reasoning,
  };
}

export function writeUsage(usage: TurnUsage): JsonObject {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInput,
      cache_write_tokens: usage.cacheWrite,
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

const STOPS: Readonly<Record<string, StopReason>> = Object.freeze({
  stop: 'stop',
  length: 'length',
  model_length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'filter',
  sensitive: 'filter',
});
/** Ends that are no ends: the vendor broke off. */
const BROKEN: ReadonlySet<string> = new Set([
  'error',
  'network_error',
  'insufficient_system_resource',
]);

export interface Said {
  readonly calls: boolean;
  readonly refusal: boolean;
}

/** Fault: `vendor_cut` for an end that the vendor calls broken. */
export function readStop(word: Json | undefined, said: Said): StopReason {
  if (typeof word === 'string' && BROKEN.has(word)) throw new Fault('vendor_cut');
  const stop = (typeof word === 'string' ? STOPS[word] : undefined) ?? 'stop';
  if (stop !== 'stop') return stop;
  // Some vendors say "stop" whatever it was.
  if (said.calls) return 'tool_calls';
  return said.refusal ? 'refusal' : 'stop';
}

export function writeStop(stop: StopReason): string {
  if (stop === 'filter') return 'content_filter';
  return stop === 'length' || stop === 'tool_calls' ? stop : 'stop';
}
