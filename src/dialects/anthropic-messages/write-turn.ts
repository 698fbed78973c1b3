/** A common turn as a request for a message. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { applyTweaks, Losses, placeOthers } from '../losses.ts';
import type { VendorDialect, WriteWish, Written } from '../shape.ts';
import type { Item, Thinking, Tool, Turn } from '../turn.ts';
import { DIALECT } from './blocks.ts';
import { headersOf, VERSION_LATEST, VERSION_SAMPLING } from './request.ts';
import {
  type Block,
  writeCache,
  writeCall,
  writePart,
  writeResult,
  writeThoughts,
} from './write-blocks.ts';

/** The format wants a most; this one where neither caller nor catalogue says any. */
const OUTPUT_TOKENS_DEFAULT = 4_096;

export const writeTurn: VendorDialect['writeTurn'] = (turn, wish): Written => {
  const losses = new Losses(wish, turn.origin);
  const version = samples(turn) ? VERSION_SAMPLING : VERSION_LATEST;
  const { system, messages } = writeItems(turn, losses, version);
  if (turn.format?.type === 'json') {
    system.push({ type: 'text', text: JSON_ONLY });
    losses.warn('this format has no JSON mode: the model was told to answer with JSON only');
  }
  const body: Record<string, Json> = {
    model: wish.wireModel,
    max_tokens: outputTokens(turn, wish),
    ...(system.length === 0 ? {} : { system }),
    messages,
    ...writeSettings(turn, losses),
    ...writeTools(turn),
    ...writeOutput(turn, losses),
    ...(wish.stream ? { stream: true } : {}),
  };
  placeOthers(turn, { dialect: DIALECT, body }, losses);
  applyTweaks(body, wish.tweaks, losses);
  return losses.written(JSON.stringify(body), headersOf(version, {}));
};

const JSON_ONLY = 'Answer with one JSON object and nothing else: no prose, no code fence.';

function samples({ temperature, topP, topK }: Turn): boolean {
  return temperature !== null || topP !== null || topK !== null;
}

/** Thoughts count as output, so an unsaid most must leave room after them. */
function outputTokens(turn: Turn, { outputTokensMax }: WriteWish): number {
  if (turn.outputTokensMax !== null) return turn.outputTokensMax;
  if (outputTokensMax !== undefined && outputTokensMax > 0) return outputTokensMax;
  return OUTPUT_TOKENS_DEFAULT + (turn.thinking?.budgetTokens ?? 0);
}

interface Message {
  readonly role: 'user' | 'assistant' | 'system';
  content: Block[];
}

function writeItems(
  turn: Turn,
  losses: Losses,
  version: string,
): { system: Block[]; messages: JsonObject[] } {
  const system: Block[] = [];
  const messages: Message[] = [];
  const isOwn = turn.origin === DIALECT;
  for (const item of turn.items) {
    if (item.type === 'message' && item.name !== undefined) {
      losses.warn('names of speakers cannot be said and were left out');
    }
    const role = roleOf(item);
    const blocks = writeItem(item, losses, isOwn);
    const isLate = role === 'system' && messages.length > 0;
    if (isLate && version !== VERSION_LATEST) {
      losses.warn('a system message inside the talk was put before it');
    }
    if (role === 'system' && !(isLate && version === VERSION_LATEST)) system.push(...blocks);
    else addTo(messages, role, blocks);
  }
  for (const message of messages) {
    // Results of calls must stand first; the order among others stays.
    if (message.role === 'user') message.content = resultsFirst(message.content);
  }
  return { system, messages: messages.map(({ role, content }) => ({ role, content })) };
}

function roleOf(item: Item): Message['role'] {
  if (item.type === 'message') return item.role;
  return item.type === 'tool_result' ? 'user' : 'assistant';
}

function writeItem(item: Item, losses: Losses, isOwn: boolean): Block[] {
  switch (item.type) {
    case 'message':
      return writeMessage(item, losses, isOwn);
    case 'reasoning':
      return writeThoughts(item, losses);
    case 'tool_call':
      return [writeCall(item, losses)];
    case 'tool_result':
      return [writeResult(item, losses, isOwn)];
    case 'refusal':
      return item.text === '' ? [] : [{ type: 'text', text: item.text }];
  }
}

function writeMessage(
  item: Extract<Item, { type: 'message' }>,
  losses: Losses,
  isOwn: boolean,
): Block[] {
  if (item.role === 'user') return item.content.flatMap((part) => writePart(part, losses, isOwn));
  return item.content.flatMap((part) => {
    if (part.type === 'text') return writePart(part, losses, isOwn);
    losses.lose(`${part.type} in a message of ${item.role}`, 'this format takes only text there.');
    return [];
  });
}

/** Turns of one role in a row are one turn. */
function addTo(messages: Message[], role: Message['role'], blocks: Block[]): void {
  if (blocks.length === 0) return;
  const last = messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else messages.push({ role, content: [...blocks] });
}

function resultsFirst(content: Block[]): Block[] {
  const isResult = (block: Block): boolean => block.type === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

function writeSettings(turn: Turn, losses: Losses): JsonObject {
  losses.loseAll(
    {
      seed: turn.seed,
      presence_penalty: turn.presencePenalty,
      frequency_penalty: turn.frequencyPenalty,
      n: turn.choices > 1 ? turn.choices : null,
    },
    'the format of this model has no such setting.',
  );
  if (turn.metadata !== null) losses.warn('metadata was left out');
  const tier = writeTier(turn, losses);
  return {
    ...(turn.stop.length === 0 ? {} : { stop_sequences: turn.stop }),
    ...(turn.temperature === null ? {} : { temperature: turn.temperature }),
    ...(turn.topP === null ? {} : { top_p: turn.topP }),
    ...(turn.topK === null ? {} : { top_k: turn.topK }),
    ...(turn.user === null ? {} : { metadata: { user_id: turn.user } }),
    ...(tier === null ? {} : { service_tier: tier }),
    ...(turn.cache === undefined ? {} : { cache_control: writeCache(turn.cache) }),
  };
}

const TIERS: Readonly<Record<string, string>> = {
  auto: 'auto',
  default: 'standard_only',
  standard: 'standard_only',
  standard_only: 'standard_only',
};

function writeTier({ serviceTier }: Turn, losses: Losses): string | null {
  if (serviceTier === null) return null;
  const tier = TIERS[serviceTier.toLowerCase()];
  if (tier === undefined) losses.lose('service_tier', `there is no tier "${serviceTier}" here.`);
  return tier ?? null;
}

function writeTools(turn: Turn): JsonObject {
  const { toolChoice: choice, parallelTools } = turn;
  // A subset cannot be said, but only those that may be called need be told of.
  const tools =
    choice?.mode === 'some'
      ? turn.tools.filter(({ name }) => choice.names.includes(name))
      : turn.tools;
  if (tools.length === 0) return {};
  const single: JsonObject =
    parallelTools === null ? {} : { disable_parallel_tool_use: !parallelTools };
  const chosen = { tools: tools.map(writeTool) };
  if (choice === null) {
    if (parallelTools === null) return chosen;
    return { ...chosen, tool_choice: { type: 'auto', ...single } };
  }
  switch (choice.mode) {
    case 'none':
      return { ...chosen, tool_choice: { type: 'none' } };
    case 'one':
      return { ...chosen, tool_choice: { type: 'tool', name: choice.name, ...single } };
    case 'auto':
      return { ...chosen, tool_choice: { type: 'auto', ...single } };
    case 'required':
      return { ...chosen, tool_choice: { type: 'any', ...single } };
    case 'some':
      return { ...chosen, tool_choice: { type: choice.required ? 'any' : 'auto', ...single } };
  }
}

function writeTool(tool: Tool): JsonObject {
  const parameters: JsonObject = tool.parameters ?? { properties: {} };
  return {
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    input_schema: parameters.type === undefined ? { type: 'object', ...parameters } : parameters,
    ...(tool.strict === null ? {} : { strict: tool.strict }),
    ...(tool.cache === undefined ? {} : { cache_control: writeCache(tool.cache) }),
  };
}

function writeOutput(turn: Turn, losses: Losses): JsonObject {
  const { format, thinking } = turn;
  const output: Record<string, Json> = {};
  const effort = thinking?.effort ?? null;
  if (effort === 'minimal') losses.warn('effort minimal was sent as low, the least there is');
  if (effort !== null && effort !== 'none') output.effort = effort === 'minimal' ? 'low' : effort;
  if (format?.type === 'schema') output.format = { type: 'json_schema', schema: format.schema };
  const asked = thinking === null ? null : writeThinking(thinking);
  return {
    ...(asked === null ? {} : { thinking: asked }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
  };
}

/** null: the model decides, or its effort says it. */
function writeThinking(thinking: Thinking): JsonObject | null {
  const { enabled, effort, budgetTokens, show } = thinking;
  if (enabled === false || effort === 'none') return { type: 'disabled' };
  const display: JsonObject = show === null ? {} : { display: show ? 'summarized' : 'omitted' };
  if (budgetTokens !== null) return { type: 'enabled', budget_tokens: budgetTokens, ...display };
  if (enabled === true || show === true) return { type: 'adaptive', ...display };
  return null;
}
