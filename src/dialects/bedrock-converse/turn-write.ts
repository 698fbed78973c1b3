/** Writes the common turn as a Converse request. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { applyTweaks, Losses, placeOthers } from '../losses.ts';
import type { VendorDialect } from '../shape.ts';
import { filled } from '../spots.ts';
import type { Item, Thinking, Tool, Turn } from '../turn.ts';
import { CONVERSE, writeItem, writeParts } from './blocks.ts';

/** The model stands in the path, and so does whether it streams. */
export const writeTurn: VendorDialect['writeTurn'] = (turn, wish) => {
  const losses = new Losses(wish, turn.origin);
  const { system, messages } = writeItems(turn.items, losses);
  if (turn.format?.type === 'json') {
    system.push({ text: JSON_ONLY });
    losses.warn('this format has no JSON mode: the model was told to answer with JSON only');
  }
  const inference = filled({
    maxTokens: turn.outputTokensMax,
    temperature: turn.temperature,
    topP: turn.topP,
    stopSequences: turn.stop.length === 0 ? null : turn.stop,
  });
  const more = filled({ top_k: turn.topK, thinking: writeThinking(turn.thinking) });
  loseSettings(turn, losses);
  const body: Record<string, Json> = {
    messages,
    ...(system.length === 0 ? {} : { system }),
    ...(Object.keys(inference).length === 0 ? {} : { inferenceConfig: inference }),
    ...writeTools(turn, losses),
    ...(Object.keys(more).length === 0 ? {} : { additionalModelRequestFields: more }),
    ...filled({ requestMetadata: turn.metadata, outputConfig: writeFormat(turn) }),
  };
  placeOthers(turn, { dialect: CONVERSE, body }, losses);
  applyTweaks(body, wish.tweaks, losses);
  return losses.written(JSON.stringify(body));
};

const JSON_ONLY = 'Answer with one JSON object and nothing else: no prose, no code fence.';

function loseSettings(turn: Turn, losses: Losses): void {
  losses.loseAll(
    {
      seed: turn.seed,
      presence_penalty: turn.presencePenalty || null,
      frequency_penalty: turn.frequencyPenalty || null,
      n: turn.choices === 1 ? null : turn.choices,
      parallel_tool_calls: turn.parallelTools === false ? false : null,
    },
    'the format of this model has no such setting.',
  );
  if (turn.user !== null) losses.warn('user was left out');
  if (turn.serviceTier !== null) losses.warn('service_tier was left out');
}

interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

/** Turns of one role in a row are one turn, and the first is the user's. */
function writeItems(items: readonly Item[], losses: Losses) {
  const system: JsonObject[] = [];
  const messages: Message[] = [];
  for (const item of items) {
    const isMessage = item.type === 'message';
    const blocks = isMessage ? writeParts(item.content, losses) : writeItem(item, losses);
    if (isMessage && item.role === 'system') {
      if (messages.length > 0) losses.warn('a system message inside the talk was put before it');
      system.push(...blocks);
      continue;
    }
    const isUser = isMessage ? item.role === 'user' : item.type === 'tool_result';
    addTo(messages, isUser ? 'user' : 'assistant', blocks);
  }
  return { system, messages: messages.map(({ role, content }) => ({ role, content })) };
}

function addTo(messages: Message[], role: Message['role'], blocks: JsonObject[]): void {
  if (blocks.length === 0) return;
  const last = messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else messages.push({ role, content: [...blocks] });
}

function writeTools(turn: Turn, losses: Losses): JsonObject {
  const { toolChoice: choice } = turn;
  // A subset cannot be said, but only those that may be called need be told of.
  const named =
    choice?.mode === 'some'
      ? turn.tools.filter(({ name }) => choice.names.includes(name))
      : turn.tools;
  const hasCalls = turn.items.some(({ type }) => type === 'tool_call' || type === 'tool_result');
  if (choice?.mode === 'none') {
    if (!hasCalls) return {};
    losses.lose('tool_choice', 'once a tool was called, this format cannot forbid the next call.');
  }
  const tools = named.length > 0 || !hasCalls ? named : calledTools(turn.items);
  if (tools.length === 0) return {};
  const toolChoice = writeChoice(choice);
  return { toolConfig: filled({ tools: tools.map(writeTool), toolChoice }) };
}

/** Calls of earlier turns need their tools told again. */
function calledTools(items: readonly Item[]): Tool[] {
  const names = items.flatMap((item) => (item.type === 'tool_call' ? [item.name] : []));
  const plain = { description: null, parameters: null, strict: null };
  return [...new Set(names)].map((name) => ({ name, ...plain }));
}

function writeChoice(choice: Turn['toolChoice']): JsonObject | null {
  if (choice === null || choice.mode === 'none') return null;
  if (choice.mode === 'one') return { tool: { name: choice.name } };
  const isForced = choice.mode === 'required' || (choice.mode === 'some' && choice.required);
  return isForced ? { any: {} } : { auto: {} };
}

function writeTool({ name, description, parameters, strict }: Tool): JsonObject {
  const json = { type: 'object', ...(parameters ?? { properties: {} }) };
  return { toolSpec: filled({ name, description, inputSchema: { json }, strict }) };
}

function writeFormat({ format }: Turn): JsonObject | null {
  if (format?.type !== 'schema') return null;
  const { name, description } = format;
  // The schema travels as text.
  const schema = JSON.stringify(format.schema);
  const structure = { jsonSchema: filled({ schema, name, description }) };
  return { textFormat: { type: 'json_schema', structure } };
}

const BUDGETS: Readonly<Record<string, number>> = Object.freeze({
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_768,
});

/** In the words of the models that think, which are passed on to them. */
function writeThinking(thinking: Thinking | null): JsonObject | null {
  if (thinking === null) return null;
  const { enabled, effort, budgetTokens } = thinking;
  if (enabled === false || effort === 'none') return { type: 'disabled' };
  const budget = budgetTokens ?? (effort === null ? null : BUDGETS[effort]) ?? null;
  if (budget === null) return null;
  return { type: 'enabled', budget_tokens: budget };
}
