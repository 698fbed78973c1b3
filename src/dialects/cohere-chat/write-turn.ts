/** A common turn as a request for a chat. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { applyTweaks, Losses, placeOthers } from '../losses.ts';
import type { VendorDialect, Written } from '../shape.ts';
import { filled } from '../spots.ts';
import type { Format, Item, Thinking, Tool, Turn } from '../turn.ts';
import { DIALECT } from './marks.ts';
import { type Talk, writeTalk } from './write-messages.ts';

export const writeTurn: VendorDialect['writeTurn'] = (turn, wish): Written => {
  const losses = new Losses(wish);
  sayLosses(turn, losses);
  const wantsJson = turn.format !== null && turn.format.type !== 'text';
  const talk = writeTalk(wantsJson ? withJsonWord(turn.items, losses) : turn.items, {
    losses,
    isOwn: turn.origin === DIALECT,
    takesDocuments: !wantsJson,
  });
  const body: Record<string, Json> = {
    model: wish.wireModel,
    messages: talk.messages,
    ...writeDocuments(talk),
    ...writeTools(turn, losses),
    ...(turn.format === null ? {} : { response_format: writeFormat(turn.format) }),
    ...(turn.thinking === null ? {} : writeThinking(turn.thinking, losses)),
    ...writeSettings(turn, losses),
    ...(wish.stream ? { stream: true } : {}),
  };
  placeOthers(turn, { dialect: DIALECT, body }, losses);
  applyTweaks(body, wish.tweaks, losses);
  return losses.written(JSON.stringify(body));
};

function sayLosses(turn: Turn, losses: Losses): void {
  losses.loseAll(
    { n: turn.choices > 1 ? turn.choices : null, service_tier: tierOf(turn) },
    'the format of this model has no such setting.',
  );
  if (turn.parallelTools === false && turn.tools.length > 0) {
    const why = 'the format of this model cannot limit calls to one';
    // Who forces one tool gets its one call; nobody else can count on it.
    const mode = turn.toolChoice?.mode;
    const isForced = mode === 'one' || (mode === 'required' && turn.tools.length === 1);
    if (isForced) losses.warn(`parallel_tool_calls: ${why}`);
    else losses.lose('parallel_tool_calls', `${why}.`);
  }
  if (turn.metadata !== null) losses.warn('metadata was left out');
  if (turn.user !== null) losses.warn('the name of the end user was left out');
  if (turn.cache !== undefined || turn.tools.some(({ cache }) => cache !== undefined)) {
    losses.warn('marks of what to cache were left out');
  }
}

function tierOf({ serviceTier }: Turn): string | null {
  const isAny = ['auto', 'default'].includes(serviceTier?.toLowerCase() ?? 'auto');
  return isAny ? null : serviceTier;
}

const JSON_ONLY = 'Answer with one JSON object and nothing else.';
const JSON_WORD = /json/i;

/** The vendor warns that a model that is not told of JSON in words may never come to an end. */
function withJsonWord(items: readonly Item[], losses: Losses): readonly Item[] {
  const isTold = items.some(
    (item) =>
      item.type === 'message' &&
      item.content.some((part) => part.type === 'text' && JSON_WORD.test(part.text)),
  );
  if (isTold) return items;
  losses.warn('the model was told in words, too, to answer with JSON only');
  const content = [{ type: 'text' as const, text: JSON_ONLY }];
  // Behind what the system was told before.
  const at = items.findIndex((item) => item.type !== 'message' || item.role !== 'system');
  const end = at < 0 ? items.length : at;
  return [
    ...items.slice(0, end),
    { type: 'message', role: 'system', content },
    ...items.slice(end),
  ];
}

/** The vendor cites whatever documents it gets unless it is told not to. */
function writeDocuments({ documents, cites }: Talk): JsonObject {
  if (documents.length === 0) return {};
  return cites ? { documents } : { documents, citation_options: { mode: 'OFF' } };
}

function writeTools(turn: Turn, losses: Losses): JsonObject {
  const { toolChoice: choice } = turn;
  // One by name cannot be said, but only those that may be called need be told of.
  const names = choice?.mode === 'one' ? [choice.name] : choice?.mode === 'some' && choice.names;
  const tools = names ? turn.tools.filter(({ name }) => names.includes(name)) : turn.tools;
  if (tools.length === 0) return {};
  const mode = choice?.mode ?? 'auto';
  const isForced =
    mode === 'required' || mode === 'one' || (choice?.mode === 'some' && choice.required);
  return {
    tools: tools.map(writeTool),
    ...writeStrict(tools, losses),
    ...(isForced ? { tool_choice: 'REQUIRED' } : {}),
    ...(mode === 'none' ? { tool_choice: 'NONE' } : {}),
  };
}

function writeTool({ name, description, parameters }: Tool): JsonObject {
  const schema: JsonObject = parameters ?? { properties: {} };
  return {
    type: 'function',
    function: {
      name,
      ...(description === null ? {} : { description }),
      parameters: schema.type === undefined ? { type: 'object', ...schema } : schema,
    },
  };
}

/** Said of all tools at once, and only where each has a parameter that must be there. */
function writeStrict(tools: readonly Tool[], losses: Losses): JsonObject {
  const [first] = tools;
  const strict = first?.strict ?? null;
  const isAlike = tools.every((tool) => tool.strict === strict);
  if (isAlike && strict !== true) return strict === null ? {} : { strict_tools: false };
  if (isAlike && tools.every(hasRequired)) return { strict_tools: true };
  if (tools.some((tool) => tool.strict === true)) {
    losses.warn('strict of tools can only be asked for of all that have required parameters');
  }
  return {};
}

function hasRequired({ parameters }: Tool): boolean {
  const required = parameters?.required;
  return Array.isArray(required) && required.length > 0;
}

function writeFormat(format: Format): JsonObject {
  if (format.type === 'text') return { type: 'text' };
  const schema: JsonObject = format.type === 'schema' ? { json_schema: format.schema } : {};
  return { type: 'json_object', ...schema };
}

function writeThinking(thinking: Thinking, losses: Losses): JsonObject {
  const { enabled, effort, budgetTokens, show } = thinking;
  if (enabled === false || effort === 'none') return { thinking: { type: 'disabled' } };
  if (effort !== null && budgetTokens === null) {
    losses.warn('how much to think can only be said as a budget: the effort was left out');
  }
  if (show === false) losses.warn('thoughts are shown here, asked for or not');
  if (budgetTokens !== null) {
    return { thinking: { type: 'enabled', token_budget: budgetTokens } };
  }
  return enabled === true || effort !== null ? { thinking: { type: 'enabled' } } : {};
}

/** The range of `p`; 1 means in other formats that nothing is cut off. */
const P_MIN = 0.01;
const P_MAX = 0.99;

function writeSettings(turn: Turn, losses: Losses): JsonObject {
  const { topP } = turn;
  const p = topP === null ? null : Math.min(P_MAX, Math.max(P_MIN, topP));
  if (p !== topP) losses.warn(`top_p was sent as ${String(p)}: it goes from ${P_MIN} to ${P_MAX}`);
  return filled({
    max_tokens: turn.outputTokensMax,
    stop_sequences: turn.stop.length === 0 ? null : turn.stop,
    temperature: turn.temperature,
    p,
    k: turn.topK,
    seed: turn.seed,
    ...penalties(turn),
  });
}

/** Only one of them is taken; where both are said, one of zero says nothing. */
function penalties({ frequencyPenalty, presencePenalty }: Turn) {
  const isBoth = frequencyPenalty !== null && presencePenalty !== null;
  return {
    frequency_penalty: isBoth && frequencyPenalty === 0 ? null : frequencyPenalty,
    presence_penalty: isBoth && presencePenalty === 0 ? null : presencePenalty,
  };
}
