/** The response object, with every key that strict clients ask for, and its output items. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { AskedContext } from '../shape.ts';
import type { Citation, Item, TurnUsage } from '../turn.ts';
import { writeOutputText } from './parts.ts';
import { type Reasoning, writeCallSeal, writeSeal } from './seals.ts';
import { type Ending, writeUsage } from './usage.ts';

/** The part of a call's id that ids of its response and items are made of. */
const coreOf = (asked: AskedContext): string => asked.callId.replace(/^[a-z]+_/, '');

export const responseId = (asked: AskedContext): string => `resp_${coreOf(asked)}`;

/** Unique for ever, for a later request may name the item. */
export function itemId(asked: AskedContext, prefix: string, index: number): string {
  return `${prefix}_${coreOf(asked)}${index.toString(16).padStart(4, '0')}`;
}

export interface ResponseState {
  readonly model: string;
  readonly createdS: number;
  readonly output: readonly JsonObject[];
  /** null: it is still being written. */
  readonly ending: Ending | null;
  readonly usage: TurnUsage | null;
}

/** What the caller asked for is told back, what it left out by its default. */
export function writeResponse(asked: AskedContext, state: ResponseState): JsonObject {
  const { body } = asked.request;
  const { ending } = state;
  const said = (field: string, otherwise: Json): Json => body[field] ?? otherwise;
  const text = isObject(body.text) ? body.text : {};
  const reasoning = isObject(body.reasoning) ? body.reasoning : {};
  return {
    id: responseId(asked),
    object: 'response',
    created_at: state.createdS,
    completed_at: ending === null ? null : asked.nowS,
    status: ending?.status ?? 'in_progress',
    background: false,
    error: null,
    incomplete_details: ending?.details ?? null,
    instructions: said('instructions', null),
    max_output_tokens: said('max_output_tokens', null),
    max_tool_calls: said('max_tool_calls', null),
    model: state.model,
    output: state.output,
    parallel_tool_calls: said('parallel_tool_calls', true),
    previous_response_id: said('previous_response_id', null),
    presence_penalty: said('presence_penalty', 0),
    frequency_penalty: said('frequency_penalty', 0),
    reasoning: { effort: reasoning.effort ?? null, summary: reasoning.summary ?? null },
    service_tier: said('service_tier', 'default'),
    store: said('store', true),
    temperature: said('temperature', 1),
    text: { ...text, format: text.format ?? { type: 'text' } },
    tool_choice: said('tool_choice', 'auto'),
    tools: writeTools(body.tools),
    top_logprobs: said('top_logprobs', 0),
    top_p: said('top_p', 1),
    truncation: said('truncation', 'disabled'),
    usage: state.usage === null ? null : writeUsage(state.usage),
    user: said('user', null),
    safety_identifier: said('safety_identifier', null),
    prompt_cache_key: said('prompt_cache_key', null),
    metadata: said('metadata', {}),
  };
}

function writeTools(tools: Json | undefined): Json {
  if (!Array.isArray(tools)) return [];
  return (tools as readonly JsonObject[]).map((tool) =>
    tool.type === 'function'
      ? { description: null, parameters: null, strict: null, ...tool }
      : tool,
  );
}

type Status = 'in_progress' | 'completed' | 'incomplete';

export function messageItem(id: string, status: Status, content: readonly Json[]): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content };
}

export function reasoningItem(id: string, item: Reasoning): JsonObject {
  const { text, seal, redacted } = item;
  return {
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    ...(seal === null ? {} : { encrypted_content: writeSeal(seal, redacted) }),
  };
}

export interface CallState {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
}

export function callItem(id: string, status: Status, call: CallState): JsonObject {
  const { callId, name } = call;
  return {
    id,
    type: 'function_call',
    status,
    call_id: callId,
    name,
    arguments: call.arguments,
  };
}

/** The proof of a call has an item of its own, for a call has no place for it. */
export function callSealItem(id: string, sealed: string): JsonObject {
  return { id, type: 'reasoning', summary: [], encrypted_content: sealed };
}

/** A whole answer's items. */
export function writeOutput(
  asked: AskedContext,
  items: readonly Item[],
  ending: Ending,
): JsonObject[] {
  const out: JsonObject[] = [];
  const next = (prefix: string): string => itemId(asked, prefix, out.length);
  for (const item of items) {
    if (item.type === 'reasoning') out.push(reasoningItem(next('rs'), item));
    else if (item.type === 'message') {
      const content = item.content.flatMap((part) =>
        part.type === 'text' ? [writeOutputText(part.text, part.citations ?? NONE)] : [],
      );
      out.push(messageItem(next('msg'), ending.status, content));
    } else if (item.type === 'refusal') {
      out.push(messageItem(next('msg'), 'completed', [{ type: 'refusal', refusal: item.text }]));
    } else if (item.type === 'tool_call') {
      const call = { callId: item.id, name: item.name, arguments: item.arguments || '{}' };
      out.push(callItem(next('fc'), 'completed', call));
      if (item.seal !== null) {
        out.push(callSealItem(next('rs'), writeCallSeal(item.seal, item.id)));
      }
    }
  }
  return out;
}

const NONE: readonly Citation[] = [];
