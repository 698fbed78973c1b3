/**
 * What the pretended model answers. The rules, in order:
 * 1. After tool messages it answers with a text that holds their results, unless a call is forced.
 * 2. `tool_choice` required or a named tool: it calls. With auto it calls each tool whose name, or
 *    the words of whose name beyond verbs such as get, stand in the user's last text; two tools
 *    mentioned are two calls unless `parallel_tool_calls` is false.
 * 3. `response_format`: an instance of the schema, or a JSON object. Where JSON is asked for and a
 *    JSON Schema stands in the instructions, it is an instance of that schema.
 * 4. "Say X", "Repeat: X", "Reply with exactly: X", "Count to N", "Write N words" are done.
 * 5. A text or system prompt that asks for JSON gets a JSON object, with the keys it names.
 * 6. Else it says what it read and that no real model was asked.
 */
import { isObject, type Json, type JsonObject, parseJson } from '../src/kit/json.ts';
import type { Ask, Tool } from './ask.ts';
import type { Plan } from './faults.ts';
import { type Hints, instanceOf } from './schema.ts';
import { spoil } from './spoil.ts';
import { countTokens, cutTokens } from './tokens.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text; cut short where a token limit ends it. */
  readonly arguments: string;
}

export interface Turn {
  readonly reasoning: string;
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls';
  /** The stop text that ended it. */
  readonly stopped: string | null;
}

/** Longest quote of the user's text in an answer, in characters. */
const QUOTE_MAX = 200;
const COUNT_MAX = 5_000;
/** Of the JSON that is looked for in instructions. */
const OBJECTS_MAX = 20;
const SCHEMA_CHARS_MAX = 200_000;

interface Wanted {
  readonly ask: Ask;
  /** Of the vendor, as people say it. */
  readonly name: string;
  readonly plan: Plan;
  /** Texts that a fault prescribes in place of an answer. */
  readonly pieces: readonly string[] | null;
}

/** Every choice of the answer, as the plan says. */
export function turnsFor({ ask, name, plan, pieces }: Wanted): Turn[] {
  if (plan.emptyChoices === true) return [];
  return Array.from({ length: ask.n }, (_, index) =>
    pieces === null ? spoil(answer(ask, name, index), ask, plan) : prescribed(pieces),
  );
}

function prescribed(pieces: readonly string[]): Turn {
  const text = pieces.join('');
  return { reasoning: '', text, calls: [], finish: 'stop', stopped: null };
}

/** One choice of the answer; `index` 0 is the only one unless `n` asks for more. */
export function answer(ask: Ask, vendor: string, index: number): Turn {
  const tools = isForced(ask) || ask.results.length === 0 ? toolsToCall(ask) : [];
  const hints = hintsOf(ask.userText);
  const calls = tools.map((tool, position) => ({
    id: callId(`${ask.model}/${ask.userText}/${index}/${position}`),
    name: tool.name,
    arguments: JSON.stringify(instanceOf(tool.parameters, hints)),
  }));
  const text = calls.length > 0 ? '' : textFor(ask, vendor, index);
  return limited(ask, { reasoning: ask.thinks ? reasoningFor(ask) : '', text, calls });
}

function isForced({ choice }: Ask): boolean {
  return choice === 'required' || typeof choice === 'object';
}

function callId(seed: string): string {
  return `call_${Bun.hash(seed).toString(16).padStart(16, '0')}`;
}

const VERBS = new Set([
  'get',
  'set',
  'find',
  'fetch',
  'list',
  'search',
  'look',
  'make',
  'create',
  'run',
  'do',
  'call',
  'tool',
  'current',
]);

function toolsToCall(ask: Ask): readonly Tool[] {
  const { choice, tools } = ask;
  if (choice === 'none' || tools.length === 0) return [];
  if (typeof choice === 'object') return tools.filter(({ name }) => name === choice.name);
  const mentioned = tools.filter(({ name }) => mentions(ask.userText, name));
  if (choice === 'required' && mentioned.length === 0) return tools.slice(0, 1);
  return ask.parallel ? mentioned : mentioned.slice(0, 1);
}

function mentions(text: string, name: string): boolean {
  const low = text.toLowerCase();
  if (low.includes(name.toLowerCase())) return true;
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 2 && !VERBS.has(word));
  return words.length > 0 && words.every((word) => new RegExp(`\\b${word}`).test(low));
}

function hintsOf(text: string): Hints {
  const quoted = [...text.matchAll(/["“«]([^"”»]{1,200})["”»]/g)].map((found) => found[1]!);
  const proper = [
    ...text.matchAll(/\b(?:in|for|at|to|from|of|is|named)\s+([A-Z][\w-]*(?:\s+[A-Z][\w-]*)*)/g),
  ];
  const numbers = [...text.matchAll(/(?<![\w.])-?\d{1,12}(?:\.\d{1,6})?/g)].map(([found]) =>
    Number(found),
  );
  return { text, quoted, proper: proper.map((found) => found[1]!), numbers };
}

function textFor(ask: Ask, vendor: string, index: number): string {
  if (typeof ask.format === 'object') {
    return JSON.stringify(instanceOf(ask.format.schema, hintsOf(ask.userText)));
  }
  if (ask.results.length > 0) return resultText(ask);
  const schema = wantsJson(ask) ? schemaIn(ask) : null;
  if (schema !== null) return JSON.stringify(instanceOf(schema, hintsOf(ask.userText)));
  const told = instructed(ask.userText);
  if (ask.format === 'text' && told !== null) return told;
  const plain = plainText(ask, vendor, index);
  if (wantsJson(ask)) return JSON.stringify(jsonAnswer(ask, plain));
  return plain;
}

function resultText(ask: Ask): string {
  const parts = ask.results.map(({ name, text }) => `${name} returned: ${text}`);
  return `Here is what I found. ${parts.join(' ')}`;
}

const EXACT: readonly RegExp[] = [
  /(?:reply|respond|answer)\s+(?:only\s+)?(?:with\s+)?exactly\s*(?:this\s*)?[:：]?\s+(.+)$/is,
  /^(?:please\s+)?(?:just\s+)?(?:say|repeat|echo)(?:\s+exactly|\s+after me)?\s*[:：]?\s+(.+)$/is,
  /^(?:please\s+)?(?:reply|respond|answer)\s+(?:only\s+)?with\s*[:：]?\s+(?!.*\bjson\b)(.+)$/is,
  /^(?:请)?(?:说|重复|复述)\s*[:：]\s*(.+)$/s,
];

/** The text an instruction asks for word by word, or null. */
function instructed(text: string): string | null {
  const trimmed = text.trim();
  for (const pattern of EXACT) {
    const found = pattern.exec(trimmed)?.[1]?.trim();
    if (found !== undefined) return unquoted(found);
  }
  const count = /\bcount (?:from 1 )?to (\d{1,6})\b/i.exec(trimmed)?.[1];
  if (count !== undefined) return sequence(Number(count), (at) => `${at}`, ', ');
  const words = /\bwrite (\d{1,6}) words\b/i.exec(trimmed)?.[1];
  return words === undefined ? null : sequence(Number(words), (at) => `word${at}`, ' ');
}

function sequence(count: number, one: (at: number) => string, between: string): string {
  return Array.from({ length: Math.min(count, COUNT_MAX) }, (_, at) => one(at + 1)).join(between);
}

function unquoted(text: string): string {
  return /^["'“`](.+)["'”`][.!]?$/s.exec(text)?.[1] ?? text;
}

const ASKS_JSON =
  /(reply|respond|answer|return|output|give|write|produce|in|as|以|用|返回|输出|回答)[^.\n]{0,40}json/i;

/** JSON is asked for, by parameter or by words. */
export function wantsJson(ask: Ask): boolean {
  return ask.format !== 'text' || ASKS_JSON.test(ask.userText) || ASKS_JSON.test(ask.systemText);
}

/** A JSON Schema that stands in the instructions, the last one first: a re-ask may repeat it. */
function schemaIn(ask: Ask): JsonObject | null {
  for (const text of [ask.userText, ask.systemText, ask.spoken]) {
    const found = objectsIn(text).findLast(
      (one) => isObject(one.properties) || one.$schema !== undefined || isSchemaType(one.type),
    );
    if (found !== undefined) return found;
  }
  return null;
}

const SCHEMA_TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean'];

function isSchemaType(type: Json | undefined): boolean {
  return typeof type === 'string' && SCHEMA_TYPES.includes(type);
}

/** The outermost JSON objects that stand in a text. */
function objectsIn(text: string): JsonObject[] {
  const found: JsonObject[] = [];
  for (let at = text.indexOf('{'); at >= 0 && found.length < OBJECTS_MAX; ) {
    const end = objectEnd(text, at);
    const value = end < 0 ? undefined : parseJson(text.slice(at, end));
    if (isObject(value)) found.push(value);
    at = text.indexOf('{', isObject(value) ? end : at + 1);
  }
  return found;
}

function objectEnd(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length && at < start + SCHEMA_CHARS_MAX; at += 1) {
    const mark = text[at];
    if (mark === '\\') at += 1;
    else if (mark === '"') quoted = !quoted;
    else if (!quoted && mark === '{') depth += 1;
    else if (!quoted && mark === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return -1;
}

function jsonAnswer(ask: Ask, plain: string): Json {
  const both = `${ask.userText}\n${ask.systemText}`;
  const list = /\b(?:keys?|fields?|properties)\b[:\s]*([^.\n]{1,200})/i.exec(both)?.[1] ?? '';
  const names = list
    .split(/,|\band\b/)
    .map((name) => name.replace(/["'`“”\s]/g, ''))
    .filter((name) => /^\w{1,40}$/.test(name));
  if (names.length === 0) return { answer: plain };
  const properties = Object.fromEntries(names.map((name) => [name, {}]));
  return instanceOf({ type: 'object', properties, required: names }, hintsOf(ask.userText));
}

function quoteOf(text: string): string {
  const letters = [...text.trim()];
  return letters.length > QUOTE_MAX ? `${letters.slice(0, QUOTE_MAX).join('')}…` : letters.join('');
}

function plainText(ask: Ask, vendor: string, index: number): string {
  const again = index === 0 ? '' : ` (choice ${index + 1})`;
  const chinese = /[\u4e00-\u9fff]/.test(ask.userText);
  const quote = quoteOf(ask.userText);
  const seen = ask.images.length === 0 ? '' : imageText(ask.images, chinese);
  if (chinese) {
    return (
      `你说：“${quote}”。${seen}这里是沙箱，代替 ${vendor} 的模型 ${ask.model} 回答，` +
      `没有调用真实模型。设置真实的密钥后即可得到真实的回答。${again}`
    );
  }
  return (
    `You said: "${quote}". ${seen}This is the sandbox, standing in for ${vendor} with the ` +
    `model ${ask.model}; no real model was asked. Set a real vendor key to get real ` +
    `answers.${again}`
  );
}

function imageText(images: readonly string[], chinese: boolean): string {
  const names = images.map((image) =>
    image.startsWith('data:') ? `${image.slice(5, image.search(/[;,]/))}` : image.slice(0, 80),
  );
  const list = names.join(', ');
  return chinese
    ? `我收到了 ${images.length} 张图片（${list}）。`
    : `I received ${images.length} image${images.length === 1 ? '' : 's'} (${list}). `;
}

function reasoningFor(ask: Ask): string {
  const quote = quoteOf(ask.userText);
  return `The user wrote: "${quote}". I am the sandbox, so I follow my fixed rules and answer.`;
}

/** Applies stop texts and token limits; reasoning is spent first, then the text, then calls. */
function limited(ask: Ask, made: Omit<Turn, 'finish' | 'stopped'>): Turn {
  const { text, stopped } = stoppedAt(made.text, ask.stops);
  const total = ask.totalTokensMax ?? Number.POSITIVE_INFINITY;
  const reasoning =
    total === Number.POSITIVE_INFINITY ? made.reasoning : cutTokens(made.reasoning, total);
  const left = Math.min(
    total - countTokens(reasoning),
    ask.answerTokensMax ?? Number.POSITIVE_INFINITY,
  );
  if (left === Number.POSITIVE_INFINITY) return finished({ ...made, text, stopped }, false);
  const short = cutTokens(text, left);
  const calls = cutCalls(made.calls, left - countTokens(short));
  const cut =
    reasoning !== made.reasoning ||
    short !== text ||
    calls.length < made.calls.length ||
    calls.some((call, at) => call.arguments !== made.calls[at]!.arguments);
  return finished({ reasoning, text: short, calls, stopped: cut ? null : stopped }, cut);
}

function stoppedAt(text: string, stops: readonly string[]): Pick<Turn, 'text' | 'stopped'> {
  let left = text;
  let stopped: string | null = null;
  for (const stop of stops) {
    const at = left.indexOf(stop);
    if (at < 0) continue;
    left = left.slice(0, at);
    stopped = stop;
  }
  return { text: left, stopped };
}

function cutCalls(calls: readonly ToolCall[], most: number): ToolCall[] {
  let left = most;
  const kept: ToolCall[] = [];
  for (const call of calls) {
    if (left <= 0) break;
    const text = cutTokens(call.arguments, left);
    left -= countTokens(text);
    kept.push({ ...call, arguments: text });
  }
  return kept;
}

function finished(made: Omit<Turn, 'finish'>, cut: boolean): Turn {
  return { ...made, finish: cut ? 'length' : made.calls.length > 0 ? 'tool_calls' : 'stop' };
}
