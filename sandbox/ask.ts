/** What a checked chat request asks for, read once. */
import { isObject, type Json, type JsonObject } from '../src/kit/json.ts';
import { field } from './check.ts';
import { countTokens } from './tokens.ts';
import type { FakeVendor } from './vendors.ts';

export interface Tool {
  readonly name: string;
  readonly parameters: JsonObject;
}

export interface ToolResult {
  readonly name: string;
  readonly text: string;
}

export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly systemText: string;
  /** Text of the last user message. */
  readonly userText: string;
  /** Texts of the user's messages before it. */
  readonly spoken: string;
  /** How often the caller has complained of an answer of this conversation. */
  readonly told: number;
  readonly images: readonly string[];
  /** Tool messages at the end of the conversation; empty unless one is the last message. */
  readonly results: readonly ToolResult[];
  readonly tools: readonly Tool[];
  readonly choice: 'none' | 'auto' | 'required' | { readonly name: string };
  readonly parallel: boolean;
  readonly format: 'text' | 'json_object' | { readonly schema: Json };
  readonly stops: readonly string[];
  readonly n: number;
  readonly thinks: boolean;
  /** Most tokens of the answer, and of answer and reasoning together; null: no limit. */
  readonly answerTokensMax: number | null;
  readonly totalTokensMax: number | null;
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

/** A message costs this much beside its text, as the vendors' own counts do. */
const MESSAGE_TOKENS = 4;
const REPLY_PRIMING_TOKENS = 3;
const IMAGE_TOKENS = 256;
const IMAGE_LOW_TOKENS = 85;

/** A reasoning model by its name: documented in the list of models. */
export const REASONING_NAME = /(thinking|reasoner|(?<!non-)reasoning|-r1\b|qwq)/i;
/** Half of the prompt is reported as read from a cache: documented in the list of models. */
const CACHED_NAME = /cached/i;

/** What a request of any format asks for unless it says so. */
export const PLAIN_ASK: Omit<Ask, 'model' | 'promptTokens'> = {
  stream: false,
  includeUsage: true,
  systemText: '',
  userText: '',
  spoken: '',
  told: 0,
  images: [],
  results: [],
  tools: [],
  choice: 'auto',
  parallel: true,
  format: 'text',
  stops: [],
  n: 1,
  thinks: false,
  answerTokensMax: null,
  totalTokensMax: null,
  cachedTokens: 0,
};

/** One message of a conversation in any format, for what all of them share. */
export interface Line {
  readonly role: 'user' | 'assistant' | 'system';
  readonly text: string;
}

const COMPLAINS =
  /\b(invalid|not valid|error|does not match|did not match|failed|must|required|fix|correct)\b/i;

/** What the user said, and how often an answer was complained of. */
export function readLines(
  lines: readonly Line[],
): Pick<Ask, 'userText' | 'spoken' | 'told' | 'systemText'> {
  const first = lines.findIndex(({ role }) => role === 'assistant');
  const said = lines.filter(({ role }) => role === 'user');
  const after = first < 0 ? [] : lines.slice(first).filter(({ role }) => role === 'user');
  const system = lines.filter(({ role }) => role === 'system');
  return {
    systemText: system.map(({ text }) => text).join('\n'),
    userText: said.at(-1)?.text ?? '',
    spoken: said
      .slice(0, -1)
      .map(({ text }) => text)
      .join('\n'),
    told: after.filter(({ text }) => COMPLAINS.test(text)).length,
  };
}

/** Tokens of a prompt: its texts, what a message costs beside them, and its images. */
export function promptTokensOf(lines: readonly Line[], images: number, extra: string): number {
  let count = REPLY_PRIMING_TOKENS + images * IMAGE_TOKENS + countTokens(extra);
  for (const { text } of lines) count += MESSAGE_TOKENS + countTokens(text);
  return count;
}

/** Half of the prompt for names that say so. */
export function cachedTokensOf(model: string, promptTokens: number): number {
  return CACHED_NAME.test(model) ? Math.floor(promptTokens / 2) : 0;
}

function linesOf(messages: readonly JsonObject[]): Line[] {
  return messages.map((message) => {
    const { role } = message;
    const isSystem = role === 'system' || role === 'developer';
    const text = textOf(message.content);
    return { role: isSystem ? 'system' : role === 'assistant' ? 'assistant' : 'user', text };
  });
}

/** Where the last user message is a tool's, the text of the user before it counts. */
function userLines(messages: readonly JsonObject[]): ReturnType<typeof readLines> {
  const read = readLines(linesOf(messages));
  const spoken = readLines(linesOf(messages.filter(({ role }) => role !== 'tool')));
  return { ...spoken, told: read.told };
}

export function readAsk(body: JsonObject, vendor: FakeVendor): Ask {
  const model = String(body.model);
  const messages = (body.messages as readonly JsonObject[]).filter(isObject);
  const options = field(body, 'stream_options');
  const promptTokens = countPrompt(body, messages);
  return {
    model,
    stream: body.stream === true,
    includeUsage: isObject(options) && options.include_usage === true,
    ...userLines(messages),
    images: messages.flatMap(imagesOf),
    results: readResults(messages),
    tools: readTools(body),
    choice: readChoice(body),
    parallel: body.parallel_tool_calls !== false,
    format: readFormat(body),
    stops: readStops(body),
    n: Number(field(body, 'n') ?? 1),
    thinks: thinks(body, vendor),
    ...readLimits(body, vendor),
    promptTokens,
    cachedTokens: cachedTokensOf(model, promptTokens),
  };
}

/** Text of a content: the string, or its text parts joined. */
export function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join('\n');
}

function imagesOf(message: JsonObject): string[] {
  if (!Array.isArray(message.content)) return [];
  return message.content.flatMap((part) => {
    if (!isObject(part) || part.type !== 'image_url') return [];
    const image = part.image_url;
    return [String(isObject(image) ? (image.url ?? image.file_id) : image)];
  });
}

function countPrompt(body: JsonObject, messages: readonly JsonObject[]): number {
  let count = REPLY_PRIMING_TOKENS;
  for (const message of messages) {
    count += MESSAGE_TOKENS + countTokens(textOf(message.content));
    const calls = field(message, 'tool_calls');
    if (calls !== undefined) count += countTokens(JSON.stringify(calls));
    if (!Array.isArray(message.content)) continue;
    for (const part of message.content) {
      if (!isObject(part) || part.type !== 'image_url') continue;
      const low = isObject(part.image_url) && part.image_url.detail === 'low';
      count += low ? IMAGE_LOW_TOKENS : IMAGE_TOKENS;
    }
  }
  const tools = field(body, 'tools');
  return tools === undefined ? count : count + countTokens(JSON.stringify(tools));
}

function readResults(messages: readonly JsonObject[]): ToolResult[] {
  const start = messages.findLastIndex(({ role }) => role !== 'tool') + 1;
  const names = new Map<string, string>();
  for (const { tool_calls: calls } of messages) {
    if (!Array.isArray(calls)) continue;
    for (const call of calls) {
      const made = isObject(call) ? call.function : undefined;
      if (isObject(call) && isObject(made)) names.set(String(call.id), String(made.name));
    }
  }
  return messages.slice(start).map((message) => ({
    name: names.get(String(message.tool_call_id)) ?? 'the tool',
    text: textOf(message.content),
  }));
}

function readTools(body: JsonObject): Tool[] {
  const tools = field(body, 'tools');
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool) => {
    const made = isObject(tool) ? tool.function : undefined;
    if (!isObject(made)) return [];
    const parameters = isObject(made.parameters) ? made.parameters : { type: 'object' };
    return [{ name: String(made.name), parameters }];
  });
}

function readChoice(body: JsonObject): Ask['choice'] {
  const choice = field(body, 'tool_choice');
  if (choice === 'none') return 'none';
  if (choice === 'required' || choice === 'any') return 'required';
  if (!isObject(choice)) return 'auto';
  const made = choice.function;
  return { name: String(isObject(made) ? made.name : choice.name) };
}

function readFormat(body: JsonObject): Ask['format'] {
  const format = field(body, 'response_format');
  if (!isObject(format) || format.type === 'text') return 'text';
  if (format.type === 'json_object') return 'json_object';
  const named = format.json_schema;
  return { schema: (isObject(named) ? named.schema : undefined) ?? {} };
}

function readStops(body: JsonObject): string[] {
  const stop = field(body, 'stop');
  const list = Array.isArray(stop) ? stop.map(String) : stop === undefined ? [] : [String(stop)];
  return list.filter((text) => text !== '');
}

/** Asked for in any of the vendors' ways, or the model does it by itself. */
function thinks(body: JsonObject, vendor: FakeVendor): boolean {
  const effort = field(body, 'reasoning_effort');
  const { thinking, reasoning } = body;
  const type = isObject(thinking) ? thinking.type : undefined;
  if (type === 'disabled' || effort === 'none' || effort === 'minimal') return false;
  if (body.enable_thinking === false || (isObject(reasoning) && reasoning.enabled === false)) {
    return false;
  }
  const asked =
    type !== undefined ||
    effort !== undefined ||
    body.enable_thinking === true ||
    isObject(reasoning);
  const model = String(body.model);
  return asked || REASONING_NAME.test(model) || vendor.thinks?.test(model) === true;
}

function readLimits(
  body: JsonObject,
  vendor: FakeVendor,
): Pick<Ask, 'answerTokensMax' | 'totalTokensMax'> {
  const old = field(body, 'max_tokens');
  const total = field(body, 'max_completion_tokens');
  const oldMax = typeof old === 'number' ? old : null;
  const totalMax = typeof total === 'number' ? total : null;
  return vendor.accepts.maxTokensCountsReasoning
    ? { answerTokensMax: null, totalTokensMax: totalMax ?? oldMax }
    : { answerTokensMax: oldMax, totalTokensMax: totalMax };
}
