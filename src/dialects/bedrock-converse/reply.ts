/** Reads whole answers of Converse. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { ErrorReader } from '../shape.ts';
import type { Item, StopReason, TurnReply, TurnUsage } from '../turn.ts';
import { CONVERSE } from './blocks.ts';

export function readReply(body: Json, readError: ErrorReader): TurnReply {
  if (!isObject(body)) throw new Fault('vendor_malformed');
  const { output } = body;
  const message = isObject(output) ? output.message : undefined;
  if (!isObject(message)) {
    throw typeof body.message === 'string' ? readError(body) : new Fault('vendor_malformed');
  }
  const blocks = Array.isArray(message.content) ? (message.content as readonly Json[]) : [];
  if (blocks.length === 0 && body.stopReason === undefined) throw new Fault('vendor_empty');
  const items = blocks.flatMap((block) => (isObject(block) ? readBlock(block) : []));
  return {
    id: '',
    model: '',
    createdS: 0,
    answers: [{ items, stop: readStop(body.stopReason), stopSequence: null }],
    usage: readUsage(body.usage),
  };
}

function readBlock(block: JsonObject): Item[] {
  if (typeof block.text === 'string') {
    if (block.text === '') return [];
    const content = [{ type: 'text' as const, text: block.text }];
    return [{ type: 'message', role: 'assistant', content }];
  }
  if (isObject(block.toolUse)) {
    const { toolUseId: id, name, input } = block.toolUse;
    if (typeof id !== 'string' || typeof name !== 'string') throw new Fault('vendor_malformed');
    return [{ type: 'tool_call', id, name, arguments: JSON.stringify(input ?? {}), seal: null }];
  }
  const { reasoningContent: thoughts } = block;
  if (!isObject(thoughts)) return [];
  if (typeof thoughts.redactedContent === 'string') {
    const seal = { dialect: CONVERSE, value: thoughts.redactedContent };
    return [{ type: 'reasoning', text: '', seal, redacted: true }];
  }
  const inner = isObject(thoughts.reasoningText) ? thoughts.reasoningText : {};
  const { text, signature } = inner;
  const seal = typeof signature === 'string' ? { dialect: CONVERSE, value: signature } : null;
  const said = typeof text === 'string' ? text : '';
  return [{ type: 'reasoning', text: said, seal, redacted: false }];
}

const STOPS: Readonly<Record<string, StopReason>> = Object.freeze({
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'filter',
  content_filtered: 'filter',
});

/** Fault: `vendor_cut` where the model's own words could not be read by the vendor. */
export function readStop(reason: Json | undefined): StopReason {
  const word = String(reason ?? '');
  if (word.startsWith('malformed_')) throw new Fault('vendor_cut');
  return STOPS[word] ?? 'stop';
}

const count = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** What was read from or written to a cache is counted beside the rest. */
export function readUsage(usage: Json | undefined): TurnUsage | null {
  if (!isObject(usage)) return null;
  const input = count(usage.inputTokens);
  const output = count(usage.outputTokens);
  if (input === null || output === null) return null;
  const cachedInput = count(usage.cacheReadInputTokens) ?? 0;
  const cacheWrite = count(usage.cacheWriteInputTokens) ?? 0;
  const all = input + cachedInput + cacheWrite;
  return { input: all, output, cachedInput, cacheWrite, reasoning: 0 };
}
