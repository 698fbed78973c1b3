/** Reads a request for a response as the common turn. */
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
import type { Format, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { ItemsReader } from './items-read.ts';
import { RESPONSES } from './seals.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'input', 'instructions', 'stream', 'stream_options', 'store', 'tools', 'text'],
  ...['tool_choice', 'parallel_tool_calls', 'max_output_tokens', 'temperature', 'top_p', 'user'],
  ...['reasoning', 'thinking', 'service_tier', 'metadata', 'include', 'expire_at'],
]);

export function readTurn(request: WireRequest): Turn {
  const spot: Spot = { of: request.body, path: '' };
  const others = readOthers(spot);
  const items = readInput(spot);
  const format = readText(spot, others);
  const tools = readTools(spot, others);
  Object.assign(others, items.others);
  return {
    items: items.items,
    tools,
    toolChoice: readToolChoice(spot, others),
    parallelTools: takeFlag(spot, 'parallel_tool_calls'),
    format,
    thinking: readThinking(spot, others),
    outputTokensMax: takeNumber(spot, 'max_output_tokens'),
    stop: [],
    temperature: takeNumber(spot, 'temperature'),
    topP: takeNumber(spot, 'top_p'),
    topK: null,
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    choices: 1,
    user: takeText(spot, 'user'),
    serviceTier: takeText(spot, 'service_tier'),
    metadata: takeObject(spot, 'metadata'),
    others,
    origin: RESPONSES,
  };
}

/** Proofs are always handed over, so to ask for them changes nothing. */
const SEALS = 'reasoning.encrypted_content';

function readOthers(spot: Spot): Record<string, Json> {
  const others = leftOver(spot, KNOWN);
  for (const field of ['previous_response_id', 'conversation']) {
    if (others[field] !== undefined) throw noForm(field, 'send the whole input');
  }
  const include = takeTexts(spot, 'include').filter((one) => one !== SEALS);
  if (include.length > 0) others.include = include;
  return others;
}

function readInput(spot: Spot): ItemsReader {
  const items = new ItemsReader();
  const instructions = takeText(spot, 'instructions');
  if (instructions !== null) items.addText('system', instructions);
  if (typeof spot.of.input === 'string') items.addText('user', spot.of.input);
  else for (const item of takeSpots(spot, 'input')) items.add(item);
  return items;
}

const TOOL_FIELDS: ReadonlySet<string> = new Set([
  ...['type', 'name', 'description', 'parameters', 'strict'],
]);

function readTools(spot: Spot, others: Record<string, Json>): Tool[] {
  return takeSpots(spot, 'tools').flatMap((tool) => {
    if (tool.of.type !== 'function') {
      others[tool.path] = tool.of;
      return [];
    }
    const rest = leftOver(tool, TOOL_FIELDS);
    for (const [path, value] of Object.entries(rest)) if (value !== false) others[path] = value;
    return [readFunction(tool)];
  });
}

function readToolChoice(spot: Spot, others: Record<string, Json>): ToolChoice | null {
  const value = spot.of.tool_choice ?? null;
  if (value === null) return null;
  const mode = readMode(value);
  if (mode !== null) return mode;
  if (isObject(value)) {
    if (value.type === 'function' && typeof value.name === 'string') {
      return { mode: 'one', name: value.name };
    }
    const names = value.type === 'allowed_tools' ? toolNames(value.tools) : null;
    if (names !== null) return { mode: 'some', names, required: value.mode === 'required' };
  }
  others.tool_choice = value;
  return null;
}

/** null where one of them is no function. */
function toolNames(tools: Json | undefined): string[] | null {
  if (!Array.isArray(tools)) return null;
  const names: string[] = [];
  for (const tool of tools as readonly Json[]) {
    if (!isObject(tool) || tool.type !== 'function' || typeof tool.name !== 'string') return null;
    names.push(tool.name);
  }
  return names;
}

function readText(spot: Spot, others: Record<string, Json>): Format | null {
  const text = takeObject(spot, 'text');
  if (text === null) return null;
  const place: Spot = { of: text, path: 'text' };
  const verbosity = takeText(place, 'verbosity');
  // Without a path, for other formats have it by this name.
  if (verbosity !== null) others.verbosity = verbosity;
  Object.assign(others, leftOver(place, new Set(['format', 'verbosity'])));
  if ((text.format ?? null) === null) return null;
  const format = needObject(place, 'format');
  const type = needText(format, 'type');
  if (type === 'text') return { type };
  if (type === 'json_object') return { type: 'json' };
  if (type === 'json_schema') return readSchema(format);
  throw noForm(pathOf(format, 'type'), 'send text, json_object or json_schema');
}

const REASONING: ReadonlySet<string> = new Set(['effort', 'summary', 'generate_summary']);

function readThinking(spot: Spot, others: Record<string, Json>): Thinking | null {
  const enabled = readSwitch(spot, others);
  const reasoning = takeObject(spot, 'reasoning');
  if (reasoning === null) {
    return enabled === null ? null : { enabled, effort: null, budgetTokens: null, show: null };
  }
  const place: Spot = { of: reasoning, path: 'reasoning' };
  Object.assign(others, leftOver(place, REASONING));
  const effort = readEffort(takeText(place, 'effort'), 'reasoning.effort');
  const summary = takeText(place, 'summary') ?? takeText(place, 'generate_summary');
  return { enabled, effort, budgetTokens: null, show: summary === null ? null : true };
}
