/** A request for a message as a common turn. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import {
  objectAt,
  optionalBoolean,
  optionalNumber,
  optionalText,
  textAt,
  textList,
  unknownFields,
  wrong,
} from '../fields.ts';
import type { WireRequest } from '../shape.ts';
import type { Effort, Format, Item, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { BlockReader, DIALECT, readCache, readParts } from './blocks.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'max_tokens', 'messages', 'system', 'stop_sequences', 'stream', 'temperature'],
  ...['top_p', 'top_k', 'tools', 'tool_choice', 'thinking', 'output_config', 'metadata'],
  ...['service_tier', 'cache_control', 'output_format'],
]);
const KNOWN_OF_TOOL: ReadonlySet<string> = new Set([
  ...['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'],
  // In how large pieces arguments come: some clients always ask, and nothing depends on it.
  'eager_input_streaming',
]);
const KNOWN_OF_OUTPUT: ReadonlySet<string> = new Set(['effort', 'format']);
/** The schema of an answer has no name in this format. */
const FORMAT_NAME = 'output';

export function readTurn({ body }: WireRequest): Turn {
  const tools = readTools(body.tools);
  const choice = readChoice(body.tool_choice);
  const output = isObject(body.output_config) ? body.output_config : {};
  const thinking = readThinking(body.thinking, output);
  const { user_id: userId, ...metadata } = isObject(body.metadata) ? body.metadata : {};
  const cache = readCache(body.cache_control);
  return {
    items: [...readSystem(body.system), ...readMessages(body.messages as readonly JsonObject[])],
    tools: tools.tools,
    toolChoice: choice.choice,
    parallelTools: choice.parallel,
    format: readFormat(body.output_format, output.format),
    thinking: thinking.thinking,
    outputTokensMax: optionalNumber(body.max_tokens, 'max_tokens'),
    stop: textList(body.stop_sequences, 'stop_sequences'),
    temperature: optionalNumber(body.temperature, 'temperature'),
    topP: optionalNumber(body.top_p, 'top_p'),
    topK: optionalNumber(body.top_k, 'top_k'),
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    choices: 1,
    user: optionalText(userId, 'metadata.user_id'),
    serviceTier: optionalText(body.service_tier, 'service_tier'),
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    others: {
      ...unknownFields(body, KNOWN, ''),
      ...unknownFields(output, KNOWN_OF_OUTPUT, 'output_config'),
      ...tools.others,
      ...thinking.others,
    },
    origin: DIALECT,
    ...(cache === null ? {} : { cache }),
  };
}

function readSystem(system: Json | undefined): readonly Item[] {
  const content = readParts(system, 'system');
  return content.length === 0 ? [] : [{ type: 'message', role: 'system', content }];
}

function readMessages(messages: readonly JsonObject[]): readonly Item[] {
  return messages.flatMap((message, at): readonly Item[] => {
    const role = message.role as 'system' | 'user' | 'assistant';
    const path = `messages[${at}].content`;
    if (typeof message.content === 'string') {
      return [{ type: 'message', role, content: readParts(message.content, path) }];
    }
    const reader = new BlockReader(role);
    for (const [index, block] of (message.content as readonly JsonObject[]).entries()) {
      reader.read(block, `${path}[${index}]`);
    }
    return reader.end();
  });
}

function readTools(value: Json | undefined): { tools: Tool[]; others: Record<string, Json> } {
  const tools: Tool[] = [];
  const others: Record<string, Json> = {};
  if (!Array.isArray(value)) return { tools, others };
  for (const [at, one] of (value as readonly JsonObject[]).entries()) {
    const path = `tools[${at}]`;
    const kind = one.type ?? 'custom';
    if (kind !== 'custom') {
      throw wrong(`${path}.type`, `is ${String(kind)}: this model takes custom tools only`);
    }
    const cache = readCache(one.cache_control);
    tools.push({
      name: textAt(one.name, `${path}.name`),
      description: optionalText(one.description, `${path}.description`),
      parameters: objectAt(one.input_schema, `${path}.input_schema`),
      strict: optionalBoolean(one.strict, `${path}.strict`),
      ...(cache === null ? {} : { cache }),
    });
    Object.assign(others, unknownFields(one, KNOWN_OF_TOOL, path));
  }
  return { tools, others };
}

function readChoice(value: Json | undefined): {
  choice: ToolChoice | null;
  parallel: boolean | null;
} {
  if (!isObject(value)) return { choice: null, parallel: null };
  const single = optionalBoolean(
    value.disable_parallel_tool_use,
    'tool_choice.disable_parallel_tool_use',
  );
  const parallel = single === null ? null : !single;
  switch (value.type) {
    case 'auto':
      return { choice: { mode: 'auto' }, parallel };
    case 'any':
      return { choice: { mode: 'required' }, parallel };
    case 'none':
      return { choice: { mode: 'none' }, parallel };
    case 'tool':
      return { choice: { mode: 'one', name: textAt(value.name, 'tool_choice.name') }, parallel };
    default:
      throw wrong('tool_choice.type', 'must be auto, any, tool or none');
  }
}

/**
 * `output_format` is what the field was called before it was released (beta structured-outputs-
 * 2025-11-13), and still is where others serve this format, with two more types.
 */
function readFormat(before: Json = null, value: Json = null): Format | null {
  if (before === null && value === null) return null;
  if (before !== null && value !== null) {
    throw wrong('output_format', 'cannot be set together with output_config.format');
  }
  const path = value === null ? 'output_format' : 'output_config.format';
  const format = objectAt(value ?? before, path);
  if (value === null && format.type === 'text') return null;
  if (value === null && format.type === 'json_object') return { type: 'json' };
  if (format.type !== 'json_schema') throw wrong(`${path}.type`, 'must be json_schema');
  const schema = objectAt(format.schema, `${path}.schema`);
  return { type: 'schema', name: FORMAT_NAME, description: null, schema, strict: true };
}

const EFFORTS: readonly string[] = ['low', 'medium', 'high', 'xhigh', 'max'] satisfies Effort[];

function readThinking(
  value: Json | undefined,
  output: JsonObject,
): { thinking: Thinking | null; others: Record<string, Json> } {
  const said = optionalText(output.effort, 'output_config.effort');
  if (said !== null && !EFFORTS.includes(said)) {
    throw wrong('output_config.effort', `must be one of ${EFFORTS.join(', ')}`);
  }
  const effort = said as Effort | null;
  const none = { enabled: null, effort, budgetTokens: null, show: null };
  if (!isObject(value)) return { thinking: effort === null ? null : none, others: {} };
  const show = typeof value.display === 'string' ? value.display !== 'omitted' : null;
  switch (value.type) {
    case 'adaptive':
      return { thinking: { ...none, enabled: true, show }, others: {} };
    case 'enabled': {
      const budgetTokens = optionalNumber(value.budget_tokens, 'thinking.budget_tokens');
      return { thinking: { ...none, enabled: true, budgetTokens, show }, others: {} };
    }
    case 'disabled':
      return { thinking: { ...none, enabled: false }, others: {} };
    default:
      // Only this format knows when between tools is; it goes back there and nowhere else.
      return { thinking: effort === null ? null : none, others: { thinking: value } };
  }
}
