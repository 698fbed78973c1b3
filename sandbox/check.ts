/** Checks a chat request as the vendors do and says what is wrong in the words they share. */
import { isObject, type Json, type JsonObject } from '../src/kit/json.ts';
import { checkFormat, checkToolChoice, checkTools } from './check-shapes.ts';
import type { FakeVendor } from './vendors.ts';

export interface Complaint {
  readonly kind: 'missing' | 'invalid' | 'unsupported' | 'model';
  /** Path of the field, such as `messages[0].role`. */
  readonly param: string;
  readonly detail: string;
}

export function missing(param: string): Complaint {
  return { kind: 'missing', param, detail: `Missing required parameter: '${param}'.` };
}

export function invalid(param: string, why: string): Complaint {
  return { kind: 'invalid', param, detail: `Invalid '${param}': ${why}.` };
}

export function unsupported(param: string, why: string): Complaint {
  return { kind: 'unsupported', param, detail: `Unsupported parameter: '${param}' ${why}.` };
}

/** First true complaint of a list of checks that run in order. */
export function first(checks: readonly (() => Complaint | null)[]): Complaint | null {
  for (const check of checks) {
    const complaint = check();
    if (complaint !== null) return complaint;
  }
  return null;
}

/** An explicit null counts as absent, as the vendors' own schemas say of optional fields. */
export function field(body: JsonObject, name: string): Json | undefined {
  return body[name] ?? undefined;
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly whole?: boolean;
}

function checkNumber(body: JsonObject, name: string, range: Range): Complaint | null {
  const value = field(body, name);
  if (value === undefined) return null;
  if (typeof value !== 'number') return invalid(name, 'expected a number');
  if (range.whole === true && !Number.isInteger(value)) return invalid(name, 'expected an integer');
  if (value < range.low) return invalid(name, `expected a value >= ${range.low}, got ${value}`);
  if (value > range.high) return invalid(name, `expected a value <= ${range.high}, got ${value}`);
  return null;
}

const TOKENS_MAX = 10_000_000;

function checkNumbers(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const { temperatureMax, nMax } = vendor.accepts;
  const ranges: readonly (readonly [string, Range])[] = [
    ['temperature', { low: 0, high: temperatureMax }],
    ['top_p', { low: 0, high: 1 }],
    ['frequency_penalty', { low: -2, high: 2 }],
    ['presence_penalty', { low: -2, high: 2 }],
    ['top_logprobs', { low: 0, high: 20, whole: true }],
    ['n', { low: 1, high: nMax, whole: true }],
    ['max_tokens', { low: 1, high: TOKENS_MAX, whole: true }],
    ['max_completion_tokens', { low: 1, high: TOKENS_MAX, whole: true }],
  ];
  return first(
    ranges.map(
      ([name, range]) =>
        () =>
          checkNumber(body, name, range),
    ),
  );
}

function checkFlags(body: JsonObject): Complaint | null {
  for (const name of ['stream', 'logprobs', 'parallel_tool_calls', 'store', 'enable_thinking']) {
    const value = field(body, name);
    if (value !== undefined && typeof value !== 'boolean')
      return invalid(name, 'expected a boolean');
  }
  if (typeof (field(body, 'user') ?? '') !== 'string') return invalid('user', 'expected a string');
  return null;
}

function checkStop(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const stop = field(body, 'stop');
  if (stop === undefined || typeof stop === 'string') return null;
  if (!Array.isArray(stop)) return invalid('stop', 'expected a string or an array of strings');
  if (stop.length > vendor.accepts.stopMax) {
    return invalid('stop', `array too long, expected at most ${vendor.accepts.stopMax} items`);
  }
  return stop.every((item) => typeof item === 'string' && item !== '')
    ? null
    : invalid('stop', 'expected strings that are not empty');
}

function checkStreamOptions(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const options = field(body, 'stream_options');
  if (options === undefined) return null;
  if (!isObject(options)) return invalid('stream_options', 'expected an object');
  if (vendor.accepts.streamOptionsNeedStream && field(body, 'stream') !== true) {
    return invalid('stream_options', "only allowed when 'stream' is enabled");
  }
  const usage = field(options, 'include_usage');
  return usage === undefined || typeof usage === 'boolean'
    ? null
    : invalid('stream_options.include_usage', 'expected a boolean');
}

const TIERS = ['auto', 'default', 'fast'];

function checkTier(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const tier = field(body, 'service_tier');
  if (tier === undefined || vendor.seals === null) return null;
  return typeof tier === 'string' && TIERS.includes(tier)
    ? null
    : invalid('service_tier', `expected one of ${TIERS.join(', ')}`);
}

const THINKING_TYPES = ['enabled', 'disabled', 'auto'];

function checkThinking(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const thinking = field(body, 'thinking');
  if (thinking !== undefined) {
    const type = isObject(thinking) ? field(thinking, 'type') : undefined;
    if (typeof type !== 'string' || !THINKING_TYPES.includes(type)) {
      return invalid('thinking.type', `expected one of ${THINKING_TYPES.join(', ')}`);
    }
  }
  const effort = field(body, 'reasoning_effort');
  const efforts = vendor.accepts.reasoningEfforts;
  if (effort === undefined || efforts === null) return null;
  if (typeof effort !== 'string' || !efforts.includes(effort)) {
    return invalid('reasoning_effort', `expected one of ${efforts.join(', ')}`);
  }
  const off = isObject(thinking) && thinking.type === 'disabled';
  return off && effort !== 'none' && effort !== 'minimal'
    ? invalid('reasoning_effort', `${effort} cannot be used with thinking disabled`)
    : null;
}

function checkTokenLimits(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const old = field(body, 'max_tokens');
  if (old === undefined) return null;
  if (vendor.accepts.oneTokenLimit && field(body, 'max_completion_tokens') !== undefined) {
    return invalid('max_tokens', 'cannot be set together with max_completion_tokens');
  }
  return vendor.accepts.plainModels?.test(String(body.model)) === true
    ? unsupported('max_tokens', "with this model. Use 'max_completion_tokens' instead")
    : null;
}

function checkPlainModel(body: JsonObject, vendor: FakeVendor): Complaint | null {
  if (vendor.accepts.plainModels?.test(String(body.model)) !== true) return null;
  const temperature = field(body, 'temperature');
  return temperature === undefined || temperature === 1
    ? null
    : invalid('temperature', `${temperature} is not supported, only the default (1) is`);
}

const PARTS: Readonly<Record<string, (part: JsonObject) => boolean>> = {
  text: (part) => typeof part.text === 'string',
  refusal: (part) => typeof part.refusal === 'string',
  thinking: (part) => part.thinking !== undefined,
  image_url: (part) => isUrlPart(part.image_url),
  video_url: (part) => isUrlPart(part.video_url),
  input_audio: (part) => isObject(part.input_audio),
  file: (part) => isObject(part.file),
};

function isUrlPart(value: Json | undefined): boolean {
  if (typeof value === 'string') return isUrl(value);
  if (!isObject(value)) return false;
  return typeof value.file_id === 'string' || (typeof value.url === 'string' && isUrl(value.url));
}

function isUrl(url: string): boolean {
  return /^(https?:\/\/.|data:[\w.+-]+\/[\w.+-]+[;,])/.test(url);
}

function checkContent(content: Json | undefined, at: string): Complaint | null {
  if (typeof content === 'string') return null;
  if (!Array.isArray(content)) return invalid(at, 'expected a string or an array of parts');
  if (content.length === 0) return invalid(at, 'empty array');
  for (const [index, part] of content.entries()) {
    const place = `${at}[${index}]`;
    if (!isObject(part) || typeof part.type !== 'string') return missing(`${place}.type`);
    const fits = PARTS[part.type];
    if (fits === undefined) return invalid(`${place}.type`, `unknown part type ${part.type}`);
    if (!fits(part)) return invalid(`${place}.${part.type}`, 'missing or misshapen');
  }
  return null;
}

/** Ids of the calls that the last assistant message made and that are not answered yet. */
type OpenCalls = Set<string>;

function checkAssistant(message: JsonObject, at: string): Complaint | null {
  const calls = field(message, 'tool_calls');
  const content = field(message, 'content');
  if (calls !== undefined && !Array.isArray(calls)) return invalid(`${at}.tool_calls`, 'an array');
  for (const [index, call] of (calls ?? []).entries()) {
    const place = `${at}.tool_calls[${index}]`;
    const made = isObject(call) ? call.function : undefined;
    if (!isObject(call) || typeof call.id !== 'string') return missing(`${place}.id`);
    if (!isObject(made) || typeof made.name !== 'string') return missing(`${place}.function.name`);
    if (typeof made.arguments !== 'string') return missing(`${place}.function.arguments`);
  }
  if (typeof (message.encrypted_content ?? '') !== 'string') {
    return invalid(`${at}.encrypted_content`, 'expected a string');
  }
  const bare = content === undefined && calls === undefined;
  if (bare && message.refusal === undefined && message.function_call === undefined) {
    return missing(`${at}.content`);
  }
  return content === undefined ? null : checkContent(content, `${at}.content`);
}

function checkTool(message: JsonObject, at: string): Complaint | null {
  if (typeof message.tool_call_id !== 'string') return missing(`${at}.tool_call_id`);
  return checkContent(field(message, 'content'), `${at}.content`);
}

function checkOrder(message: JsonObject, at: string, open: OpenCalls): Complaint | null {
  if (message.role === 'tool') {
    const words = "messages with role 'tool' must be a response to a preceding 'tool_calls'";
    return open.delete(String(message.tool_call_id)) ? null : invalid(`${at}.role`, words);
  }
  if (open.size > 0) {
    const words = "an assistant message with 'tool_calls' must be followed by tool messages";
    return invalid(at, words);
  }
  const calls = message.role === 'assistant' ? field(message, 'tool_calls') : undefined;
  if (Array.isArray(calls)) {
    for (const call of calls) if (isObject(call)) open.add(String(call.id));
  }
  return null;
}

function checkMessages(body: JsonObject, vendor: FakeVendor): Complaint | null {
  const messages = field(body, 'messages');
  if (messages === undefined) return missing('messages');
  if (!Array.isArray(messages)) return invalid('messages', 'expected an array of objects');
  if (messages.length === 0) return invalid('messages', 'empty array, expected at least 1 message');
  const { roles, toolOrder } = vendor.accepts;
  const open: OpenCalls = new Set();
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    if (!isObject(message)) return invalid(at, 'expected an object');
    const { role } = message;
    if (role === undefined) return missing(`${at}.role`);
    if (typeof role !== 'string' || !roles.includes(role)) {
      return invalid(`${at}.role`, `${String(role)} is not one of ${roles.join(', ')}`);
    }
    const complaint =
      (role === 'assistant' ? checkAssistant(message, at) : null) ??
      (role === 'tool' ? checkTool(message, at) : null) ??
      (role === 'assistant' || role === 'tool'
        ? null
        : checkContent(field(message, 'content'), `${at}.content`)) ??
      (toolOrder ? checkOrder(message, at, open) : null);
    if (complaint !== null) return complaint;
  }
  const last = `messages[${messages.length - 1}]`;
  return open.size > 0 ? invalid(last, 'its tool_calls are not answered') : null;
}

function checkModel(body: JsonObject): Complaint | null {
  const { model } = body;
  if (model === undefined || model === null) return missing('model');
  if (typeof model !== 'string') return invalid('model', 'expected a string');
  return model === '' ? missing('model') : null;
}

/** The first thing wrong with a chat request, or null where the vendor would take it. */
export function checkChat(body: JsonObject, vendor: FakeVendor): Complaint | null {
  return first([
    () => checkModel(body),
    () => checkMessages(body, vendor),
    () => checkFlags(body),
    () => checkNumbers(body, vendor),
    () => checkTokenLimits(body, vendor),
    () => checkPlainModel(body, vendor),
    () => checkStop(body, vendor),
    () => checkStreamOptions(body, vendor),
    () => checkThinking(body, vendor),
    () => checkTier(body, vendor),
    () => checkTools(body),
    () => checkToolChoice(body),
    () => checkFormat(body, vendor),
  ]);
}
