/** A Responses request as a chat body, with Ark's rules for it: ark.md 1.3. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Asked, nowS } from './asked.ts';
import { checkAsChat } from './chats.ts';
import { flag, given, number, object, oneOf, text } from './fields.ts';
import { invalid, missing, notFound, unsupported } from './refusal.ts';

const EXPIRE_DEFAULT_S = 259_200;
const EXPIRE_MAX_S = 604_800;
const TOOL_CALLS_MAX = 10;
const TOKENS_MAX = 10_000_000;

export interface Plea {
  readonly chat: JsonObject;
  readonly items: readonly JsonObject[];
  readonly store: boolean;
  readonly stream: boolean;
  readonly caching: 'enabled' | 'disabled';
  /** Messages of the conversation before, that a cache may hold. */
  readonly before: readonly JsonObject[];
  readonly expireS: number;
}

function partOf(part: Json, at: string): JsonObject {
  if (!isObject(part) || typeof part.type !== 'string') throw missing(`${at}.type`);
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      if (typeof part.text !== 'string') throw missing(`${at}.text`);
      return { type: 'text', text: part.text };
    case 'input_image': {
      const { image_url: url, file_id: file } = part;
      if (typeof url === 'string') return { type: 'image_url', image_url: { url } };
      if (typeof file !== 'string') throw missing(`${at}.image_url`);
      return { type: 'image_url', image_url: { file_id: file } };
    }
    case 'input_video':
      return { type: 'video_url', video_url: mediaOf(part, 'video_url', at) };
    case 'input_file':
      return {
        type: 'file',
        file: { file_id: part.file_id ?? null, file_url: part.file_url ?? null },
      };
    default:
      throw invalid(`${at}.type`, `unknown part type ${part.type}`);
  }
}

function mediaOf(part: JsonObject, name: string, at: string): JsonObject {
  if (typeof part.file_id === 'string') return { file_id: part.file_id };
  const url = part[name];
  if (typeof url !== 'string') throw missing(`${at}.${name}`);
  return { url };
}

function messageOf(item: Json, at: string): JsonObject[] {
  if (!isObject(item)) throw invalid(at, 'expected an object');
  switch (item.type ?? 'message') {
    case 'message': {
      const { role, content } = item;
      if (typeof role !== 'string') throw missing(`${at}.role`);
      if (!Array.isArray(content)) return [{ role, content: content ?? null }];
      const parts = content.map((part, index) => partOf(part, `${at}.content[${index}]`));
      return [{ role, content: parts }];
    }
    case 'function_call': {
      const { call_id: id, name, arguments: written } = item;
      if (typeof id !== 'string') throw missing(`${at}.call_id`);
      const call = {
        id,
        type: 'function',
        function: { name: name ?? null, arguments: written ?? null },
      };
      return [{ role: 'assistant', content: null, tool_calls: [call] }];
    }
    case 'function_call_output': {
      const { call_id: id, output } = item;
      if (typeof id !== 'string') throw missing(`${at}.call_id`);
      if (typeof output !== 'string') throw missing(`${at}.output`);
      return [{ role: 'tool', tool_call_id: id, content: output }];
    }
    case 'reasoning':
    case 'item_reference':
      return [];
    default:
      throw invalid(`${at}.type`, `unknown item type ${String(item.type)}`);
  }
}

function readItems(body: JsonObject): JsonObject[] {
  const input = given(body, 'input');
  if (input === undefined || input === '') throw missing('input');
  if (typeof input === 'string') {
    return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }];
  }
  if (!Array.isArray(input)) throw invalid('input', 'expected a string or an array');
  if (input.length === 0) throw invalid('input', 'empty array');
  return input.map((item, at) => {
    if (!isObject(item)) throw invalid(`input[${at}]`, 'expected an object');
    return item;
  });
}

function readTools(body: JsonObject): Json {
  const tools = given(body, 'tools');
  if (tools === undefined) return null;
  if (!Array.isArray(tools)) throw invalid('tools', 'expected an array');
  return tools.map((tool, at) => {
    if (!isObject(tool) || typeof tool.type !== 'string') throw missing(`tools[${at}].type`);
    if (tool.type !== 'function') throw unsupported(`tools[${at}].type`, 'is not opened here');
    const { type, ...made } = tool;
    return { type, function: made };
  });
}

function readFormat(body: JsonObject): Json {
  const format = object(object(body, 'text') ?? {}, 'format');
  if (format === undefined || format.type !== 'json_schema') return format ?? null;
  const { type, ...named } = format;
  return { type, json_schema: named };
}

function readExpiry(asked: Asked): number {
  const now = nowS(asked);
  const span = { low: now + 1, high: now + EXPIRE_MAX_S, whole: true };
  return number(asked.body, 'expire_at', span) ?? now + EXPIRE_DEFAULT_S;
}

function readBefore(asked: Asked): readonly JsonObject[] {
  const id = given(asked.body, 'previous_response_id');
  if (id === undefined) return [];
  if (typeof id !== 'string') throw invalid('previous_response_id', 'expected a string');
  const stored = asked.store.responses.get(id);
  if (stored === undefined || stored.expireS < nowS(asked)) throw notFound('Response', id);
  return stored.messages;
}

function readCaching(body: JsonObject): 'enabled' | 'disabled' {
  const caching = object(body, 'caching') ?? {};
  const type = oneOf(caching, 'type', ['enabled', 'disabled']) ?? 'disabled';
  if (type === 'disabled') return type;
  if (given(body, 'instructions') !== undefined) {
    throw invalid('caching', 'cannot be used together with instructions');
  }
  if (caching.prefix === true && given(body, 'max_output_tokens') !== undefined) {
    throw invalid('caching.prefix', 'cannot be used together with max_output_tokens');
  }
  return type;
}

function readChoice(body: JsonObject): Json {
  const choice = given(body, 'tool_choice');
  return isObject(choice)
    ? { type: 'function', function: { name: choice.name ?? null } }
    : (choice ?? null);
}

export function readPlea(asked: Asked): Plea {
  const { body } = asked;
  const model = text(body, 'model');
  const items = readItems(body);
  const caching = readCaching(body);
  const before = readBefore(asked);
  number(body, 'max_tool_calls', { low: 1, high: TOOL_CALLS_MAX, whole: true });
  const instructions = given(body, 'instructions');
  const system = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  const said = items.flatMap((item, at) => messageOf(item, `input[${at}]`));
  const chat: JsonObject = {
    model,
    messages: [...system, ...before, ...said],
    stream: false,
    tools: readTools(body),
    tool_choice: readChoice(body),
    parallel_tool_calls: given(body, 'parallel_tool_calls') ?? null,
    thinking: given(body, 'thinking') ?? null,
    reasoning_effort: object(body, 'reasoning')?.effort ?? null,
    max_completion_tokens:
      number(body, 'max_output_tokens', { low: 1, high: TOKENS_MAX, whole: true }) ?? null,
    temperature: given(body, 'temperature') ?? null,
    top_p: given(body, 'top_p') ?? null,
    response_format: readFormat(body),
  };
  checkAsChat(asked, chat);
  oneOf(body, 'service_tier', ['auto', 'default']);
  const store = flag(body, 'store', true);
  const stream = flag(body, 'stream', false);
  return { chat, items, store, stream, caching, before, expireS: readExpiry(asked) };
}
