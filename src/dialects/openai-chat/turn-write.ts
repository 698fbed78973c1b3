/** Writes the common turn as a chat request for a vendor. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { applyTweaks, Losses, placeOthers } from '../losses.ts';
import type { WireTweaks, WriteWish, Written } from '../shape.ts';
import { filled } from '../spots.ts';
import type { Format, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { writeMessages } from './message-write.ts';
import { CHAT } from './seals.ts';

/** Fields of other dialects that mean the same here. */
const SHARED: ReadonlySet<string> = new Set([
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'verbosity',
]);

export function writeTurn(turn: Turn, wish: WriteWish & { readonly stream: boolean }): Written {
  const losses = new Losses(wish);
  const isOwn = turn.origin === CHAT;
  if (turn.topK !== null && !isOwn) losses.warn('top_k was left out');
  const thoughtsBack = wish.tweaks?.thoughtsBack;
  const body: Record<string, Json> = {
    model: wish.wireModel,
    messages: rename(writeMessages(turn.items, { losses, isOwn, thoughtsBack }), wish.tweaks),
    ...(turn.tools.length === 0 ? {} : { tools: turn.tools.map(writeTool) }),
    ...(turn.toolChoice === null ? {} : { tool_choice: writeToolChoice(turn.toolChoice) }),
    ...(turn.format === null ? {} : { response_format: writeFormat(turn.format) }),
    ...writeThinking(turn.thinking, wish.tweaks, losses),
    ...writeSettings(turn),
    ...writeStream(wish),
  };
  placeOthers(turn, { dialect: CHAT, body, shared: SHARED }, losses);
  applyTweaks(body, wish.tweaks, losses);
  return losses.written(JSON.stringify(body));
}

function rename(messages: readonly JsonObject[], tweaks: WireTweaks | undefined): JsonObject[] {
  return messages.map((message) => {
    const role = tweaks?.roles?.[String(message.role)];
    return role === undefined ? message : { ...message, role };
  });
}

function writeStream({ stream, asksUsage }: WriteWish & { readonly stream: boolean }): JsonObject {
  if (!stream) return {};
  return asksUsage ? { stream, stream_options: { include_usage: true } } : { stream };
}

/** Settings that have the same meaning under another name; absent where they were not said. */
function writeSettings(turn: Turn): JsonObject {
  return filled({
    parallel_tool_calls: turn.parallelTools,
    max_completion_tokens: turn.outputTokensMax,
    stop: turn.stop.length === 0 ? null : turn.stop,
    temperature: turn.temperature,
    top_p: turn.topP,
    // Not of the format itself, though many servers that speak it know the word.
    top_k: turn.origin === CHAT ? turn.topK : null,
    seed: turn.seed,
    presence_penalty: turn.presencePenalty,
    frequency_penalty: turn.frequencyPenalty,
    n: turn.choices === 1 ? null : turn.choices,
    user: turn.user,
    service_tier: turn.serviceTier,
    metadata: turn.metadata,
  });
}

function writeTool(tool: Tool): JsonObject {
  const { name, description, parameters, strict } = tool;
  return { type: 'function', function: filled({ name, description, parameters, strict }) };
}

const named = (name: string): JsonObject => ({ type: 'function', function: { name } });

function writeToolChoice(choice: ToolChoice): Json {
  if (choice.mode === 'one') return named(choice.name);
  if (choice.mode !== 'some') return choice.mode;
  const mode = choice.required ? 'required' : 'auto';
  return { type: 'allowed_tools', allowed_tools: { mode, tools: choice.names.map(named) } };
}

function writeFormat(format: Format): JsonObject {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', json_schema: filled({ name, description, schema, strict }) };
}

/** Up to how many tokens of thinking an effort stands for, where only a budget was said. */
const LOW_TOKENS_MAX = 2_048;
const MEDIUM_TOKENS_MAX = 8_192;

function writeThinking(
  thinking: Thinking | null,
  tweaks: WireTweaks | undefined,
  losses: Losses,
): JsonObject {
  if (thinking === null) return {};
  const { enabled, effort, budgetTokens } = thinking;
  const fields: Record<string, Json> = {};
  if (effort !== null) fields.reasoning_effort = effort;
  if (tweaks?.thinking === 'type') {
    if (enabled !== null) fields.thinking = { type: enabled ? 'enabled' : 'disabled' };
  } else if (tweaks?.thinking === 'flag') {
    if (enabled !== null) fields.enable_thinking = enabled;
    if (budgetTokens !== null) fields.thinking_budget = budgetTokens;
    return fields;
  } else if (enabled === false && effort === null) fields.reasoning_effort = 'none';
  if (budgetTokens !== null && effort === null && enabled !== false) {
    fields.reasoning_effort = effortOf(budgetTokens);
    losses.warn(`a budget of ${budgetTokens} tokens of thinking was asked for as an effort`);
  }
  return fields;
}

function effortOf(budgetTokens: number): string {
  if (budgetTokens <= LOW_TOKENS_MAX) return 'low';
  return budgetTokens <= MEDIUM_TOKENS_MAX ? 'medium' : 'high';
}
