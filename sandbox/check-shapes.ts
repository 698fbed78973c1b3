/** Checks of tools, tool choice and response format. */
import { isObject, type Json, type JsonObject } from '../src/kit/json.ts';
import { type Complaint, field, invalid, missing } from './check.ts';
import type { FakeVendor } from './vendors.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const NAME_RULE = 'expected 1 to 64 of a-z, A-Z, 0-9, underscores and dashes';
const TOOLS_MAX = 128;

export function checkTools(body: JsonObject): Complaint | null {
  const tools = field(body, 'tools');
  if (tools === undefined) return null;
  if (!Array.isArray(tools)) return invalid('tools', 'expected an array');
  if (tools.length === 0) return invalid('tools', 'empty array, expected at least 1 tool');
  if (tools.length > TOOLS_MAX) return invalid('tools', `expected at most ${TOOLS_MAX} tools`);
  for (const [index, tool] of tools.entries()) {
    const complaint = checkTool(tool, `tools[${index}]`);
    if (complaint !== null) return complaint;
  }
  return null;
}

function checkTool(tool: Json, at: string): Complaint | null {
  if (!isObject(tool)) return invalid(at, 'expected an object');
  if (tool.type === undefined) return missing(`${at}.type`);
  if (tool.type !== 'function') return invalid(`${at}.type`, "supported values are: 'function'");
  const made = tool.function;
  if (!isObject(made)) return missing(`${at}.function`);
  if (typeof made.name !== 'string') return missing(`${at}.function.name`);
  if (!NAME.test(made.name)) return invalid(`${at}.function.name`, NAME_RULE);
  const parameters = field(made, 'parameters');
  if (parameters === undefined) return null;
  if (!isObject(parameters)) return invalid(`${at}.function.parameters`, 'expected an object');
  return parameters.type === undefined || parameters.type === 'object'
    ? null
    : invalid(`${at}.function.parameters`, 'schema must be a JSON Schema of type object');
}

function toolNames(body: JsonObject): string[] {
  const tools = field(body, 'tools');
  if (!Array.isArray(tools)) return [];
  return tools.map((tool) => {
    const made = isObject(tool) ? tool.function : undefined;
    return isObject(made) ? String(made.name) : '';
  });
}

export function checkToolChoice(body: JsonObject): Complaint | null {
  const choice = field(body, 'tool_choice');
  if (choice === undefined) return null;
  const names = toolNames(body);
  if (typeof choice === 'string') {
    if (!['none', 'auto', 'required', 'any'].includes(choice)) {
      return invalid('tool_choice', "supported values are: 'none', 'auto' and 'required'");
    }
    const calls = choice === 'required' || choice === 'any';
    return calls && names.length === 0
      ? invalid('tool_choice', "only allowed when 'tools' are specified")
      : null;
  }
  if (!isObject(choice)) return invalid('tool_choice', 'expected a string or an object');
  const made = choice.function;
  const name = isObject(made) ? made.name : choice.name;
  if (typeof name !== 'string') return missing('tool_choice.function.name');
  return names.includes(name)
    ? null
    : invalid('tool_choice', `tool choice '${name}' not found in 'tools'`);
}

export function checkFormat(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const format = field(body, 'response_format');
  if (format === undefined) return null;
  if (!isObject(format)) return invalid('response_format', 'expected an object');
  const { type } = format;
  if (typeof type !== 'string') return missing('response_format.type');
  const { responseFormats, jsonWord } = vendor.accepts;
  if (!responseFormats.includes(type)) {
    const words = `This response_format type is unavailable now, use ${responseFormats.join(', ')}`;
    return invalid('response_format.type', words);
  }
  if (type === 'json_object' && jsonWord && !saysJson(body.messages)) {
    const words =
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type " +
      "'json_object'";
    return invalid('messages', words);
  }
  return type === 'json_schema' ? checkSchemaFormat(format.json_schema, vendor) : null;
}

function saysJson(messages: Json | undefined): boolean {
  return JSON.stringify(messages ?? '')
    .toLowerCase()
    .includes('json');
}

function checkSchemaFormat(named: Json | undefined, vendor: FakeVendor): Complaint | null {
  const at = 'response_format.json_schema';
  if (!isObject(named)) return missing(at);
  if (typeof named.name !== 'string') return missing(`${at}.name`);
  if (!NAME.test(named.name)) return invalid(`${at}.name`, NAME_RULE);
  if (named.schema === undefined) return missing(`${at}.schema`);
  if (!isObject(named.schema)) return invalid(`${at}.schema`, 'expected an object');
  if (!vendor.accepts.strictSubset || named.strict !== true) return null;
  const why =
    named.schema.type === 'object'
      ? strictFault(named.schema, '')
      : "In context=(), schema must be of type 'object'";
  if (why === null) return null;
  const detail = `Invalid schema for response_format '${named.name}': ${why}.`;
  return { kind: 'invalid', param: 'response_format', detail };
}

/** What a strict schema lacks: closed objects and every property required, at any depth. */
export function strictFault(schema: JsonObject, path: string): string | null {
  const { properties } = schema;
  if (isObject(properties)) {
    if (schema.additionalProperties !== false) {
      const rule = 'is required to be supplied and to be false';
      return `In context=(${path}), 'additionalProperties' ${rule}`;
    }
    const required = Array.isArray(schema.required) ? schema.required : [];
    const lacking = Object.keys(properties).find((name) => !required.includes(name));
    if (lacking !== undefined) {
      return (
        `In context=(${path}), 'required' is required to be supplied and to be an array ` +
        `including every key in properties. Missing '${lacking}'`
      );
    }
  }
  for (const [where, inner] of innerSchemas(schema)) {
    const why = strictFault(inner, path === '' ? where : `${path}, ${where}`);
    if (why !== null) return why;
  }
  return null;
}

function innerSchemas(schema: JsonObject): (readonly [string, JsonObject])[] {
  const found: (readonly [string, JsonObject])[] = [];
  for (const group of ['properties', '$defs', 'definitions']) {
    const members = schema[group];
    if (!isObject(members)) continue;
    for (const [name, inner] of Object.entries(members)) {
      if (isObject(inner)) found.push([`'${group}', '${name}'`, inner]);
    }
  }
  if (isObject(schema.items)) found.push(["'items'", schema.items]);
  if (Array.isArray(schema.anyOf)) {
    for (const inner of schema.anyOf) if (isObject(inner)) found.push(["'anyOf'", inner]);
  }
  return found;
}
