/** Tokens and reasons to stop, as this format counts and names them. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { StopReason, TurnUsage } from '../turn.ts';

/** Counts of zero are left out. */
const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/** Thoughts stand beside the output here, and prompts of the vendor's own tools beside the input. */
export function readUsage(value: Json | undefined): TurnUsage | null {
  if (!isObject(value) || typeof value.promptTokenCount !== 'number') return null;
  const reasoning = count(value.thoughtsTokenCount);
  return {
    input: value.promptTokenCount + count(value.toolUsePromptTokenCount),
    output: count(value.candidatesTokenCount) + reasoning,
    cachedInput: count(value.cachedContentTokenCount),
    cacheWrite: 0,
    reasoning,
  };
}

export function writeUsage(usage: TurnUsage): JsonObject {
  const { input, output, cachedInput, reasoning } = usage;
  return {
    promptTokenCount: input,
    candidatesTokenCount: Math.max(0, output - reasoning),
    totalTokenCount: input + output,
    ...(reasoning === 0 ? {} : { thoughtsTokenCount: reasoning }),
    ...(cachedInput === 0 ? {} : { cachedContentTokenCount: cachedInput }),
  };
}

/** Reasons by which nothing was answered, for the model wrote what cannot be read. */
const BROKEN: ReadonlySet<string> = new Set([
  ...['MALFORMED_FUNCTION_CALL', 'MALFORMED_RESPONSE', 'UNEXPECTED_TOOL_CALL'],
  'TOO_MANY_TOOL_CALLS',
]);

/**
 * A stop after a call is a call. Fault: `vendor_malformed` where the model's call was not readable.
 * Whatever is not named here withheld something: safety, recitation, blocklists, other.
 */
export function readStop(reason: string, message: Json | undefined, called: boolean): StopReason {
  if (BROKEN.has(reason)) {
    const words =
      typeof message === 'string' && message !== '' ? message : `It ended by ${reason}.`;
    throw new Fault('vendor_malformed', { message: words, vendorCode: reason });
  }
  switch (reason) {
    case 'STOP':
    case 'FINISH_REASON_UNSPECIFIED':
      return called ? 'tool_calls' : 'stop';
    case 'MAX_TOKENS':
      return 'length';
    case 'CONTINUATION':
      return 'pause';
    default:
      return 'filter';
  }
}

export function writeStop(reason: StopReason): string {
  switch (reason) {
    case 'length':
      return 'MAX_TOKENS';
    case 'refusal':
    case 'filter':
      return 'SAFETY';
    case 'pause':
      return 'CONTINUATION';
    default:
      return 'STOP';
  }
}
