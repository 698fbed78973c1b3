/** Reads a chat request as the common turn. */
import { isObject, type Json } from '../../kit/json.ts';
import { readEffort, readFunction, readMode, readSchema, readSwitch } from '../openai-settings.ts';
import type { WireRequest } from '../shape.ts';
import {
  leftOver,
  needObject,
  needText,
  noForm,
  pathOf,
  type Spot,
  takeFlag,
  takeNumber,
  takeObject,
  takeSpots,
  takeText,
  takeTexts,
} from '../spots.ts';
import type { Format, Item, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { readMessage } from './message-read.ts';
import { CHAT } from './seals.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'stream', 'stream_options', 'n', 'tools', 'tool_choice', 'stop'],
  ...['parallel_tool_calls', 'response_format', 'reasoning_effort', 'thinking', 'seed', 'user'],
  ...['enable_thinking', 'thinking_budget', 'max_tokens', 'max_completion_tokens', 'temperature'],
  ...['top_p', 'top_k', 'presence_penalty', 'frequency_penalty', 'service_tier', 'metadata'],
]);

export function readTurn(request: WireRequest): Turn {
  const spot: Spot = { of: request.body, path: '' };
  const others = leftOver(spot, KNOWN);
  for (const field of ['functions', 'function_call']) {
    const value = others[field] ?? null;
    const isNone = value === null || (Array.isArray(value) && value.length === 0);
    if (!isNone) throw noForm(field, 'send tools and tool_choice instead');
  }
  const items: Item[] = [];
  for (const message of takeSpots(spot, 'messages')) {
    const read = readMessage(message);
    items.push(...read.items);
    Object.assign(others, read.others);
  }
  return {
    items,
    tools: readTools(spot, others),
    toolChoice: readToolChoice(spot, others),
    parallelTools: takeFlag(spot, 'parallel_tool_calls'),
    format: readFormat(spot),
    thinking: readThinking(spot, others),
    outputTokensMax: takeNumber(spot, 'max_completion_tokens') ?? takeNumber(spot, 'max_tokens'),
    stop: takeTexts(spot, 'stop'),
    temperature: takeNumber(spot, 'temperature'),
    topP: takeNumber(spot, 'top_p'),
    topK: takeNumber(spot, 'top_k'),
    seed: takeNumber(spot, 'seed'),
    presencePenalty: takeNumber(spot, 'presence_penalty'),
    frequencyPenalty: takeNumber(spot, 'frequency_penalty'),
    choices: request.choices,
    user: takeText(spot, 'user'),
    serviceTier: takeText(spot, 'service_tier'),
    metadata: takeObject(spot, 'metadata'),
    others,
    origin: CHAT,
  };
}

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function']);
const FUNCTION_FIELDS: ReadonlySet<string> = new Set([
  ...['name', 'description', 'parameters', 'strict'],
]);

function readTools(spot: Spot, others: Record<string, Json>): Tool[] {
  return takeSpots(spot, 'tools').flatMap((tool) => {
    if (tool.of.type !== 'function') {
      others[tool.path] = tool.of;
      return [];
    }
    const asked = needObject(tool, 'function');
    Object.assign(others, leftOver(tool, TOOL_FIELDS), leftOver(asked, FUNCTION_FIELDS));
    return [readFunction(asked)];
  });
}

function readToolChoice(spot: Spot, others: Record<string, Json>): ToolChoice | null {
  const value = spot.of.tool_choice ?? null;
  if (value === null) return null;
  const mode = readMode(value);
  if (mode !== null) return mode;
  if (isObject(value)) {
    const named = isObject(value.function) ? value.function.name : value.name;
    if (value.type === 'function' && typeof named === 'string') {
      return { mode: 'one', name: named };
    }
    if (value.type === 'allowed_tools') {
      const chosen = isObject(value.allowed_tools) ? value.allowed_tools : value;
      const names = toolNames(chosen.tools);
      if (names !== null) return { mode: 'some', names, required: chosen.mode === 'required' };
    }
  }
  others.tool_choice = value;
  return null;
}

/** null where one of them is no function. */
function toolNames(tools: Json | undefined): string[] | null {
  if (!Array.isArray(tools)) return null;
  const names: string[] = [];
  for (const tool of tools as readonly Json[]) {
    const inner = isObject(tool) && isObject(tool.function) ? tool.function : tool;
    const isFunction = isObject(tool) && tool.type === 'function';
    if (!isFunction || !isObject(inner) || typeof inner.name !== 'string') return null;
    names.push(inner.name);
  }
  return names;
}

function readFormat(spot: Spot): Format | null {
  if ((spot.of.response_format ?? null) === null) return null;
  const format = needObject(spot, 'response_format');
  const type = needText(format, 'type');
  if (type === 'text') return { type };
  if (type === 'json_object') return { type: 'json' };
  if (type === 'json_schema') return readSchema(needObject(format, 'json_schema'));
  throw noForm(pathOf(format, 'type'), 'send text, json_object or json_schema');
}

/** The official effort, and the switches that vendors of this format have beside it. */
function readThinking(spot: Spot, others: Record<string, Json>): Thinking | null {
  const effort = readEffort(takeText(spot, 'reasoning_effort'), 'reasoning_effort');
  const typed = readSwitch(spot, others);
  const enabled = typed ?? takeFlag(spot, 'enable_thinking');
  const budgetTokens = takeNumber(spot, 'thinking_budget');
  if (effort === null && enabled === null && budgetTokens === null) return null;
  return { enabled, effort, budgetTokens, show: null };
}
