/**
 * Checks a Responses request as OpenAI does.
 * https://platform.openai.com/docs/api-reference/responses/create (read 2026-11)
 */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, field, first, invalid, missing, unsupported } from '../check.ts';
import { strictFault } from '../check-shapes.ts';
import { objectsOf, oddItem, strangeMember } from '../complain.ts';
import type { Memory } from '../memory.ts';
import type { FakeVendor } from '../vendors.ts';
import { isSealed } from './seal.ts';

const FIELDS = [
  ...['model', 'input', 'instructions', 'previous_response_id', 'conversation', 'tools'],
  ...['context_management', 'tool_choice', 'parallel_tool_calls', 'max_tool_calls', 'text'],
  ...['max_output_tokens', 'reasoning', 'include', 'background', 'store', 'stream', 'prompt'],
  ...['stream_options', 'metadata', 'temperature', 'top_p', 'top_logprobs', 'truncation', 'user'],
  ...['service_tier', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention'],
  ...['prompt_cache_options', 'moderation'],
  // On no page; Codex 0.171 sends it with each request.
  'client_metadata',
];
/** Names of Chat Completions and where they went. */
const MOVED: Readonly<Record<string, string>> = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  response_format: 'text.format',
  reasoning_effort: 'reasoning.effort',
};
const INCLUDES = [
  ...['file_search_call.results', 'web_search_call.results', 'web_search_call.action.sources'],
  ...['message.input_image.image_url', 'computer_call_output.output.image_url'],
  ...['code_interpreter_call.outputs', 'reasoning.encrypted_content'],
  'message.output_text.logprobs',
];
const OUTPUT_TOKENS_MIN = 16;
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const PARTS = ['input_text', 'input_image', 'input_file', 'input_audio', 'output_text', 'refusal'];
const ITEMS = ['message', 'function_call', 'function_call_output', 'reasoning', 'item_reference'];

export function checkResponse(
  body: JsonObject,
  vendor: FakeVendor,
  memory: Memory,
): Complaint | null {
  return first([
    () => checkFields(body),
    () => {
      const { model } = body;
      return typeof model === 'string' && model !== '' ? null : missing('model');
    },
    () => checkInput(body, memory),
    () => checkFlags(body),
    () => checkNumbers(body, vendor),
    () => checkTools(body),
    () => checkChoice(body),
    () => checkText(body),
    () => checkReasoning(body),
    () => checkIncludes(body),
  ]);
}

function checkFields(body: JsonObject): Complaint | null {
  const strange = strangeMember(body, FIELDS);
  if (strange === null) return null;
  const moved = MOVED[strange];
  if (moved === undefined) {
    return { kind: 'unsupported', param: strange, detail: `Unknown parameter: '${strange}'.` };
  }
  const detail =
    `Unsupported parameter: '${strange}'. In the Responses API, this parameter has moved to ` +
    `'${moved}'. Try again with the new parameter. See the API documentation for more ` +
    'information: https://platform.openai.com/docs/api-reference/responses/create.';
  return { kind: 'unsupported', param: strange, detail };
}

function checkInput(body: JsonObject, memory: Memory): Complaint | null {
  const input = field(body, 'input');
  const previous = field(body, 'previous_response_id');
  if (previous !== undefined && memory.stored(String(previous)) === null) {
    const detail = `Previous response with id '${previous}' not found.`;
    return { kind: 'invalid', param: 'previous_response_id', detail };
  }
  if (input === undefined) {
    if (previous !== undefined) return null;
    const detail =
      'One of "input" or "previous_response_id" or \'prompt\' or \'conversation\' ' +
      'must be provided.';
    return { kind: 'missing', param: 'input', detail };
  }
  if (typeof input === 'string') return null;
  if (!Array.isArray(input)) return invalid('input', 'expected a string or an array of items');
  for (const [index, item] of input.entries()) {
    const complaint = checkItem(item, `input[${index}]`);
    if (complaint !== null) return complaint;
  }
  const before = previous === undefined ? [] : pastItems(memory, String(previous));
  return checkOrder([...before, ...objectsOf(input)]);
}

/** Everything that a stored answer was made of, and the answer itself. */
export function pastItems(memory: Memory, id: string): JsonObject[] {
  const stored = memory.stored(id);
  return stored === null ? [] : [...stored.items, ...objectsOf(stored.answer.output)];
}

function checkItem(item: Json, at: string): Complaint | null {
  if (!isObject(item)) return invalid(at, 'expected an object');
  const type = item.type ?? (item.role === undefined ? undefined : 'message');
  if (type === undefined) return missing(`${at}.type`);
  if (!ITEMS.includes(String(type))) {
    const words = ITEMS.map((one) => `'${one}'`).join(', ');
    return invalid(`${at}.type`, `'${type}'. Supported values are: ${words}`);
  }
  switch (type) {
    case 'message':
      return checkMessage(item, at);
    case 'function_call':
      for (const name of ['call_id', 'name', 'arguments']) {
        if (typeof item[name] !== 'string') return missing(`${at}.${name}`);
      }
      return null;
    case 'function_call_output':
      if (typeof item.call_id !== 'string') return missing(`${at}.call_id`);
      return item.output === undefined ? missing(`${at}.output`) : null;
    case 'reasoning':
      return checkReasoningItem(item, at);
    default:
      return typeof item.id === 'string' ? null : missing(`${at}.id`);
  }
}

function checkReasoningItem(item: JsonObject, at: string): Complaint | null {
  if (!Array.isArray(item.summary)) return missing(`${at}.summary`);
  const sealed = field(item, 'encrypted_content');
  if (sealed === undefined || isSealed(String(sealed))) return null;
  const start = String(sealed).slice(0, 4);
  const detail = `The encrypted content ${start}... could not be verified.`;
  return { kind: 'invalid', param: `${at}.encrypted_content`, detail };
}

function checkMessage(item: JsonObject, at: string): Complaint | null {
  const { role, content } = item;
  if (!['user', 'assistant', 'system', 'developer'].includes(String(role))) {
    const words = "Supported values are: 'assistant', 'system', 'developer', and 'user'";
    return invalid(`${at}.role`, `'${role}'. ${words}`);
  }
  if (content === undefined || content === null) return missing(`${at}.content`);
  if (typeof content === 'string') return null;
  if (!Array.isArray(content)) return invalid(`${at}.content`, 'expected a string or an array');
  const own = role === 'assistant' ? ['output_text', 'refusal'] : PARTS.slice(0, 4);
  for (const [index, part] of content.entries()) {
    const place = `${at}.content[${index}]`;
    if (!isObject(part) || typeof part.type !== 'string') return missing(`${place}.type`);
    if (!own.includes(part.type)) {
      const words = own.map((one) => `'${one}'`).join(', ');
      return invalid(`${place}.type`, `'${part.type}'. Supported values are: ${words}`);
    }
    const complaint = checkPart(part, place);
    if (complaint !== null) return complaint;
  }
  return null;
}

function checkPart(part: JsonObject, at: string): Complaint | null {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return typeof part.text === 'string' ? null : missing(`${at}.text`);
    case 'input_image': {
      if (typeof part.file_id === 'string') return null;
      const url = part.image_url;
      // Chat's object with a url is what most clients get wrong.
      if (isObject(url)) return invalid(`${at}.image_url`, 'expected an image URL, got an object');
      const fits = typeof url === 'string' && /^(https?:\/\/|data:image\/)/.test(url);
      return fits ? null : invalid(`${at}.image_url`, 'expected a valid URL');
    }
    case 'input_file': {
      const held = [part.file_id, part.file_data, part.file_url].filter(Boolean);
      return held.length === 1 ? null : missing(`${at}.file_id`);
    }
    default:
      return null;
  }
}

function checkOrder(items: readonly JsonObject[]): Complaint | null {
  const open = new Set<string>();
  const made = new Set<string>();
  for (const item of items) {
    const id = String(item.call_id);
    if (item.type === 'function_call') {
      open.add(id);
      made.add(id);
    }
    if (item.type !== 'function_call_output') continue;
    if (!made.has(id)) {
      const detail = `No tool call found for function call output with call_id ${id}.`;
      return { kind: 'invalid', param: 'input', detail };
    }
    open.delete(id);
  }
  const [lost] = open;
  if (lost === undefined) return null;
  return {
    kind: 'invalid',
    param: 'input',
    detail: `No tool output found for function call ${lost}.`,
  };
}

function checkFlags(body: JsonObject): Complaint | null {
  for (const name of ['stream', 'store', 'background', 'parallel_tool_calls']) {
    const value = field(body, name);
    if (value !== undefined && typeof value !== 'boolean')
      return invalid(name, 'expected a boolean');
  }
  const instructions = field(body, 'instructions');
  return instructions === undefined || typeof instructions === 'string'
    ? null
    : invalid('instructions', 'expected a string');
}

function checkNumbers(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const most = field(body, 'max_output_tokens');
  if (most !== undefined) {
    const fits = typeof most === 'number' && Number.isInteger(most);
    if (!fits) return invalid('max_output_tokens', 'expected an integer');
    if (most < OUTPUT_TOKENS_MIN) {
      const rule = `integer below minimum value. Expected a value >= ${OUTPUT_TOKENS_MIN}`;
      return invalid('max_output_tokens', `${rule}, but got ${most} instead`);
    }
  }
  const isPlain = vendor.accepts.plainModels?.test(String(body.model)) === true;
  for (const [name, high] of [
    ['temperature', 2],
    ['top_p', 1],
  ] as const) {
    const value = field(body, name);
    if (value === undefined) continue;
    if (isPlain) return unsupported(name, 'is not supported with this model');
    const fits = typeof value === 'number' && value >= 0 && value <= high;
    if (!fits) return invalid(name, `expected a number between 0 and ${high}`);
  }
  return null;
}

function checkTools(body: JsonObject): Complaint | null {
  const tools = field(body, 'tools');
  if (tools === undefined) return null;
  if (!Array.isArray(tools)) return invalid('tools', 'expected an array of objects');
  const odd = oddItem(tools);
  if (odd >= 0) return invalid(`tools[${odd}]`, 'expected an object');
  for (const [index, tool] of objectsOf(tools).entries()) {
    const at = `tools[${index}]`;
    if (typeof tool.type !== 'string') return missing(`${at}.type`);
    if (tool.type !== 'function') continue;
    if (typeof tool.name !== 'string') return missing(`${at}.name`);
    if (!NAME.test(tool.name)) return invalid(`${at}.name`, `must match ${NAME}`);
    const { parameters, strict } = tool;
    if (!isObject(parameters)) continue;
    // Left out, strict is on where the schema fits it.
    const why = strict === true ? strictFault(parameters, '') : null;
    if (why === null) continue;
    const detail = `Invalid schema for function '${tool.name}': ${why}.`;
    return { kind: 'invalid', param: `${at}.parameters`, detail };
  }
  return null;
}

function checkChoice(body: JsonObject): Complaint | null {
  const choice = field(body, 'tool_choice');
  if (choice === undefined) return null;
  if (typeof choice === 'string') {
    if (!['none', 'auto', 'required'].includes(choice)) {
      return invalid('tool_choice', "supported values are: 'none', 'auto', and 'required'");
    }
    const lacks = choice === 'required' && objectsOf(body.tools).length === 0;
    return lacks ? invalid('tool_choice', "only allowed when 'tools' are specified") : null;
  }
  if (!isObject(choice) || typeof choice.type !== 'string') return missing('tool_choice.type');
  if (choice.type !== 'function') return null;
  if (typeof choice.name !== 'string') return missing('tool_choice.name');
  const known = objectsOf(body.tools).some(({ name }) => name === choice.name);
  const why = `Tool choice '${choice.name}' not found in 'tools' parameter`;
  return known ? null : invalid('tool_choice', why);
}

function checkText(body: JsonObject): Complaint | null {
  const text = field(body, 'text');
  if (text === undefined) return null;
  if (!isObject(text)) return invalid('text', 'expected an object');
  const format = field(text, 'format');
  if (format === undefined) return null;
  const type = isObject(format) ? format.type : undefined;
  if (!isObject(format) || typeof type !== 'string') return missing('text.format.type');
  if (!['text', 'json_object', 'json_schema'].includes(type)) {
    const words = "Supported values are: 'json_object', 'json_schema', and 'text'";
    return invalid('text.format.type', `'${type}'. ${words}`);
  }
  if (type === 'json_object') {
    const says = JSON.stringify([body.input ?? '', body.instructions ?? '']).toLowerCase();
    const words =
      "Response input messages must contain the word 'json' in some form to use 'text.format' of " +
      "type 'json_object'.";
    return says.includes('json') ? null : { kind: 'invalid', param: 'input', detail: words };
  }
  if (type === 'text') return null;
  if (typeof format.name !== 'string') return missing('text.format.name');
  if (!NAME.test(format.name)) return invalid('text.format.name', `must match ${NAME}`);
  if (!isObject(format.schema)) return missing('text.format.schema');
  const isRoot = format.schema.type === 'object';
  const why = !isRoot
    ? 'schema must be a JSON Schema of \'type: "object"\''
    : format.strict === true
      ? strictFault(format.schema, '')
      : null;
  const detail = `Invalid schema for response_format '${format.name}': ${why}.`;
  return why === null ? null : { kind: 'invalid', param: 'text.format.schema', detail };
}

function checkReasoning(body: JsonObject): Complaint | null {
  const reasoning = field(body, 'reasoning');
  if (reasoning === undefined) return null;
  if (!isObject(reasoning)) return invalid('reasoning', 'expected an object');
  const effort = field(reasoning, 'effort');
  if (effort !== undefined && !EFFORTS.includes(String(effort))) {
    return invalid('reasoning.effort', `supported values are: ${EFFORTS.join(', ')}`);
  }
  const summary = field(reasoning, 'summary');
  return summary === undefined || ['auto', 'concise', 'detailed'].includes(String(summary))
    ? null
    : invalid('reasoning.summary', "supported values are: 'auto', 'concise', 'detailed'");
}

function checkIncludes(body: JsonObject): Complaint | null {
  const include = field(body, 'include');
  if (include === undefined) return null;
  if (!Array.isArray(include)) return invalid('include', 'expected an array of strings');
  const odd = include.findIndex((one) => !INCLUDES.includes(String(one)));
  return odd < 0
    ? null
    : invalid(`include[${odd}]`, `supported values are: ${INCLUDES.join(', ')}`);
}
