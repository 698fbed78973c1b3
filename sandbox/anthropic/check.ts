/**
 * Checks a Messages request as Anthropic does, in its own words.
 * https://platform.claude.com/docs/en/api/messages and …/api/versioning (read 2026-11).
 */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, field, first, missing, unsupported } from '../check.ts';
import { objectsOf, strangeMember, wrong } from '../complain.ts';
import type { Asked } from '../service.ts';
import { checkMessages } from './check-messages.ts';

export const VERSIONS = ['2023-06-01', '2026-10-21'] as const;
/** Left out of the newest version: even the default is refused. */
const SAMPLING = ['temperature', 'top_p', 'top_k'];
const FIELDS = [
  ...['model', 'max_tokens', 'messages', 'system', 'stop_sequences', 'stream', 'tools'],
  ...['tool_choice', 'thinking', 'output_config', 'service_tier', 'speed', 'cache_control'],
  ...['container', 'metadata', 'inference_geo', 'diagnostics', 'workspace_id'],
  ...['user_profile_id', 'context_management', 'mcp_servers'],
];
const COUNT_FIELDS = [
  ...['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config'],
  ...['cache_control', 'speed', 'context_management', 'mcp_servers'],
];
const THINKING_TOKENS_MIN = 1_024;
const CACHE_MARKS_MAX = 4;
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];

export function versionOf({ request }: Asked): string {
  return request.headers.get('anthropic-version') ?? '';
}

export function checkMessage(asked: Asked): Complaint | null {
  const { body } = asked;
  return first([
    () => checkVersion(asked),
    () => checkFields(body, versionOf(asked), FIELDS),
    () => checkModel(body),
    () => checkMaxTokens(body),
    () => checkRest(body, versionOf(asked)),
  ]);
}

/** What `count_tokens` takes: no limits, no stream. */
export function checkCount(asked: Asked): Complaint | null {
  const { body } = asked;
  return first([
    () => checkVersion(asked),
    () => checkFields(body, versionOf(asked), COUNT_FIELDS),
    () => checkModel(body),
    () => checkRest(body, versionOf(asked)),
  ]);
}

function checkRest(body: JsonObject, version: string): Complaint | null {
  return first([
    () => checkMessages(body, version),
    () => checkSystem(body),
    () => checkNumbers(body),
    () => checkTools(body),
    () => checkChoice(body),
    () => checkThinking(body),
    () => checkOutput(body),
    () => checkCacheMarks(body),
  ]);
}

function checkVersion(asked: Asked): Complaint | null {
  const version = versionOf(asked);
  if (version === '') return wrong('anthropic-version', 'anthropic-version: header is required');
  return VERSIONS.some((one) => one === version)
    ? null
    : wrong('anthropic-version', `anthropic-version: "${version}" is not a valid version`);
}

function checkFields(
  body: JsonObject,
  version: string,
  fields: readonly string[],
): Complaint | null {
  const known = version === VERSIONS[0] ? [...fields, ...SAMPLING] : fields;
  const strange = strangeMember(body, known);
  return strange === null ? null : unsupported(strange, 'is not permitted');
}

function checkModel(body: JsonObject): Complaint | null {
  if (field(body, 'model') === undefined) return missing('model');
  if (typeof body.model !== 'string')
    return wrong('model', 'model: Input should be a valid string');
  return body.model === ''
    ? wrong('model', 'model: String should have at least 1 character')
    : null;
}

function checkMaxTokens(body: JsonObject): Complaint | null {
  const { max_tokens: most } = body;
  if (most === undefined || most === null) return missing('max_tokens');
  if (typeof most !== 'number' || !Number.isInteger(most)) {
    return wrong('max_tokens', 'max_tokens: Input should be a valid integer');
  }
  return most < 1
    ? wrong('max_tokens', 'max_tokens: Input should be greater than or equal to 1')
    : null;
}

function checkSystem(body: JsonObject): Complaint | null {
  const system = field(body, 'system');
  if (system === undefined || typeof system === 'string') return null;
  if (!Array.isArray(system)) return wrong('system', 'system: Input should be a valid list');
  const empty = system.some((block) => isObject(block) && block.text === '');
  if (empty) return wrong('system', 'system: text content blocks must be non-empty');
  const odd = system.findIndex((block) => !isObject(block) || block.type !== 'text');
  return odd < 0 ? null : wrong('system', `system.${odd}.type: Input should be 'text'`);
}

function checkNumbers(body: JsonObject): Complaint | null {
  for (const name of ['temperature', 'top_p']) {
    const value = field(body, name);
    if (value === undefined) continue;
    if (typeof value !== 'number') return wrong(name, `${name}: Input should be a valid number`);
    if (value < 0 || value > 1) return wrong(name, `${name}: range: 0..1`);
  }
  const stops = field(body, 'stop_sequences');
  if (stops !== undefined) {
    if (!Array.isArray(stops)) {
      return wrong('stop_sequences', 'stop_sequences: Input should be a valid list');
    }
    if (stops.some((stop) => typeof stop !== 'string' || stop.trim() === '')) {
      return wrong(
        'stop_sequences',
        'stop_sequences: each stop sequence must contain non-whitespace',
      );
    }
  }
  const stream = field(body, 'stream');
  return stream === undefined || typeof stream === 'boolean'
    ? null
    : wrong('stream', 'stream: Input should be a valid boolean');
}

function checkTools(body: JsonObject): Complaint | null {
  const tools = field(body, 'tools');
  if (tools === undefined) return null;
  if (!Array.isArray(tools)) return wrong('tools', 'tools: Input should be a valid list');
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const at = `tools.${index}`;
    if (!isObject(tool)) return wrong(at, `${at}: Input should be a valid dictionary`);
    const isOwn = tool.type === undefined || tool.type === null || tool.type === 'custom';
    if (typeof tool.name !== 'string') return missing(`${at}${isOwn ? '.custom' : ''}.name`);
    if (names.has(tool.name)) return wrong('tools', 'tools: Tool names must be unique.');
    names.add(tool.name);
    if (!isOwn) continue;
    if (!TOOL_NAME.test(tool.name)) {
      const rule = `String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`;
      return wrong(`${at}.custom.name`, `${at}.custom.name: ${rule}`);
    }
    if (!isObject(tool.input_schema)) return missing(`${at}.custom.input_schema`);
    const { type } = tool.input_schema;
    if (type === undefined) return missing(`${at}.custom.input_schema.type`);
    if (type !== 'object') {
      const place = `${at}.custom.input_schema.type`;
      return wrong(place, `${place}: Input should be 'object'`);
    }
  }
  return null;
}

function checkChoice(body: JsonObject): Complaint | null {
  const choice = field(body, 'tool_choice');
  if (choice === undefined) return null;
  const type = isObject(choice) ? choice.type : undefined;
  if (!isObject(choice) || !['auto', 'any', 'tool', 'none'].includes(String(type))) {
    const tags = "'auto', 'any', 'tool', 'none'";
    return wrong('tool_choice', `tool_choice: Input tag does not match any of ${tags}`);
  }
  const names = objectsOf(body.tools).map(({ name }) => name);
  if (type !== 'none' && names.length === 0) {
    return wrong('tool_choice', 'tool_choice may only be specified while providing tools');
  }
  if (type !== 'tool') return null;
  if (typeof choice.name !== 'string') return missing('tool_choice.tool.name');
  return names.includes(choice.name)
    ? null
    : wrong('tool_choice', `tool_choice.tool.name: Tool '${choice.name}' not found in tools`);
}

function checkThinking(body: JsonObject): Complaint | null {
  const thinking = field(body, 'thinking');
  if (thinking === undefined) return null;
  const type = isObject(thinking) ? thinking.type : undefined;
  if (!['enabled', 'disabled', 'adaptive', 'between_tools'].includes(String(type))) {
    const tags = "'adaptive', 'between_tools', 'disabled', 'enabled'";
    return wrong('thinking', `thinking: Input tag does not match any of ${tags}`);
  }
  if (type === 'disabled' || !isObject(thinking)) return null;
  if (type === 'enabled') {
    const budget = thinking.budget_tokens;
    if (typeof budget !== 'number') return missing('thinking.enabled.budget_tokens');
    if (budget < THINKING_TOKENS_MIN) {
      const rule = `Input should be greater than or equal to ${THINKING_TOKENS_MIN}`;
      return wrong('thinking', `thinking.enabled.budget_tokens: ${rule}`);
    }
    if (typeof body.max_tokens === 'number' && body.max_tokens <= budget) {
      const rule = '`max_tokens` must be greater than `thinking.budget_tokens`';
      return wrong('max_tokens', rule);
    }
  }
  const choice = isObject(body.tool_choice) ? body.tool_choice.type : undefined;
  if (choice === 'any' || choice === 'tool') {
    return wrong('thinking', 'Thinking may not be enabled when tool_choice forces tool use.');
  }
  const temperature = field(body, 'temperature');
  return temperature === undefined || temperature === 1
    ? null
    : wrong('temperature', '`temperature` may only be set to 1 when thinking is enabled');
}

function checkOutput(body: JsonObject): Complaint | null {
  const output = field(body, 'output_config');
  if (output === undefined) return null;
  if (!isObject(output)) return wrong('output_config', 'output_config: Input should be an object');
  const strange = strangeMember(output, ['effort', 'format', 'task_budget']);
  if (strange !== null) return unsupported(`output_config.${strange}`, 'is not permitted');
  const effort = field(output, 'effort');
  if (effort !== undefined && !EFFORTS.includes(String(effort))) {
    return wrong('output_config', `output_config.effort: Input should be one of ${EFFORTS}`);
  }
  const format = field(output, 'format');
  if (format === undefined) return null;
  if (!isObject(format) || format.type !== 'json_schema') {
    return wrong('output_config', "output_config.format.type: Input should be 'json_schema'");
  }
  if (!isObject(format.schema)) return missing('output_config.format.schema');
  const why = schemaFault(format.schema);
  return why === null ? null : wrong('output_config', `output_config.format.schema: ${why}`);
}

/** Keywords that its grammar does not hold; the SDK moves them into the description. */
const REFUSED = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength'],
  ...['maxLength', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties', 'not', 'if'],
  ...['patternProperties', 'oneOf', 'contains', 'prefixItems'],
];

function schemaFault(schema: Json): string | null {
  if (Array.isArray(schema)) return schema.map(schemaFault).find((why) => why !== null) ?? null;
  if (!isObject(schema)) return null;
  const isObjectType = schema.type === 'object';
  if (isObjectType && schema.additionalProperties !== false) {
    return "For 'object' type, 'additionalProperties' must be explicitly set to false";
  }
  const refused = REFUSED.find((keyword) => schema[keyword] !== undefined);
  if (refused !== undefined) {
    const type = textType(schema.type);
    return `For '${type}' type, property '${refused}' is not supported`;
  }
  if (typeof schema.minItems === 'number' && schema.minItems > 1) {
    return "For 'array' type, 'minItems' values other than 0 or 1 are not supported";
  }
  for (const group of ['properties', '$defs', 'definitions']) {
    const members = schema[group];
    if (!isObject(members)) continue;
    const why = schemaFault(Object.values(members));
    if (why !== null) return why;
  }
  return schemaFault([schema.items ?? null, schema.anyOf ?? null, schema.allOf ?? null]);
}

function textType(type: Json | undefined): string {
  return typeof type === 'string' ? type : 'unknown';
}

function checkCacheMarks(body: JsonObject): Complaint | null {
  const blocks = [
    ...objectsOf(body.tools),
    ...objectsOf(body.system),
    ...objectsOf(body.messages).flatMap(({ content }) => objectsOf(content)),
  ];
  const marked = blocks.filter((block) => field(block, 'cache_control') !== undefined);
  for (const { cache_control: mark } of marked) {
    if (!isObject(mark) || mark.type !== 'ephemeral') {
      return wrong('cache_control', "cache_control.type: Input should be 'ephemeral'");
    }
    if (mark.ttl !== undefined && mark.ttl !== '5m' && mark.ttl !== '1h') {
      return wrong('cache_control', "cache_control.ephemeral.ttl: Input should be '5m' or '1h'");
    }
  }
  if (marked.length <= CACHE_MARKS_MAX) return null;
  const rule = `A maximum of ${CACHE_MARKS_MAX} blocks with cache_control may be provided.`;
  return wrong('cache_control', `${rule} Found ${marked.length}.`);
}
