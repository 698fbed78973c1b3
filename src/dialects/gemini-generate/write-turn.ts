/** A common turn as a request to generate content. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { applyTweaks, Losses, placeOthers } from '../losses.ts';
import type { VendorDialect, Written } from '../shape.ts';
import type { Item, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { DIALECT } from './wire.ts';
import {
  type Part,
  sealFirstCall,
  writeCall,
  writeContent,
  writeResult,
  writeThoughts,
} from './write-parts.ts';

/** unverified: the reference says up to 5. */
const STOP_MAX = 5;

export const writeTurn: VendorDialect['writeTurn'] = (turn, wish): Written => {
  const losses = new Losses(wish, turn.origin);
  const { system, contents } = writeItems(turn, losses);
  const config = writeConfig(turn, losses);
  const tier = turn.serviceTier === null ? null : writeTier(turn.serviceTier);
  sayLosses(turn, losses);
  const body: Record<string, Json> = {
    contents,
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...writeTools(turn, losses),
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
    ...(tier === null ? {} : { serviceTier: tier }),
  };
  placeOthers(turn, { dialect: DIALECT, body }, losses);
  applyTweaks(body, wish.tweaks, losses);
  return losses.written(JSON.stringify(body));
};

function sayLosses(turn: Turn, losses: Losses): void {
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
  if (turn.cache !== undefined) losses.warn('marks of what to cache were left out');
}

/** Names of tiers differ; what is no tier of theirs is theirs to refuse. */
function writeTier(tier: string): string | null {
  if (['auto', 'default'].includes(tier.toLowerCase())) return null;
  return tier;
}

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: Part[];
}

function writeItems(turn: Turn, losses: Losses): { system: Part[]; contents: JsonObject[] } {
  const isOwn = turn.origin === DIALECT;
  const names = new Map<string, string>();
  const system: Part[] = [];
  const contents: Content[] = [];
  for (const item of turn.items) {
    if (item.type === 'tool_call') names.set(item.id, item.name);
    if (item.type === 'message' && item.name !== undefined) {
      losses.warn('names of speakers cannot be said and were left out');
    }
    const parts = writeItem(item, losses, { isOwn, names });
    if (item.type === 'message' && item.role === 'system') {
      if (contents.length > 0) losses.warn('a system message inside the talk was put before it');
      system.push(...parts);
    } else if (parts.length > 0) {
      addTo(contents, roleOf(item), parts);
    }
  }
  for (const { parts } of contents) sealFirstCall(parts);
  return { system, contents: contents.map(({ role, parts }) => ({ role, parts })) };
}

function roleOf(item: Item): Content['role'] {
  const isUser = item.type === 'message' ? item.role === 'user' : item.type === 'tool_result';
  return isUser ? 'user' : 'model';
}

/** Turns of one role in a row are one turn. */
function addTo(contents: Content[], role: Content['role'], parts: readonly Part[]): void {
  const last = contents.at(-1);
  if (last?.role === role) last.parts.push(...parts);
  else contents.push({ role, parts: [...parts] });
}

interface Known {
  readonly isOwn: boolean;
  readonly names: ReadonlyMap<string, string>;
}

function writeItem(item: Item, losses: Losses, { isOwn, names }: Known): Part[] {
  switch (item.type) {
    case 'message':
      return item.content.flatMap((part) => writeContent(part, losses, isOwn));
    case 'reasoning':
      return writeThoughts(item, losses);
    case 'tool_call':
      return [writeCall(item, losses)];
    case 'tool_result': {
      const name = item.name ?? names.get(item.callId) ?? item.callId;
      return [writeResult({ ...item, name }, losses, isOwn)];
    }
    case 'refusal':
      return item.text === '' ? [] : [{ text: item.text }];
  }
}

function writeConfig(turn: Turn, losses: Losses): JsonObject {
  if (turn.stop.length > STOP_MAX) {
    losses.lose('stop', `the format of this model takes at most ${STOP_MAX}.`);
  }
  const thinking = turn.thinking === null ? {} : writeThinking(turn.thinking, losses);
  const settings: Record<string, Json> = {
    temperature: turn.temperature,
    topP: turn.topP,
    topK: turn.topK,
    candidateCount: turn.choices > 1 ? turn.choices : null,
    maxOutputTokens: turn.outputTokensMax,
    stopSequences: turn.stop.length === 0 ? null : turn.stop.slice(0, STOP_MAX),
    seed: turn.seed,
    presencePenalty: turn.presencePenalty,
    frequencyPenalty: turn.frequencyPenalty,
    thinkingConfig: Object.keys(thinking).length === 0 ? null : thinking,
  };
  const said = Object.entries(settings).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(said), ...writeFormat(turn) };
}

function writeFormat({ format }: Turn): JsonObject {
  switch (format?.type) {
    case 'text':
      return { responseMimeType: 'text/plain' };
    case 'json':
      return { responseMimeType: 'application/json' };
    case 'schema':
      return { responseMimeType: 'application/json', responseJsonSchema: format.schema };
    default:
      return {};
  }
}

const LEVELS = {
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
} as const;
const BUDGET_OPEN = -1;

function writeThinking(thinking: Thinking, losses: Losses): JsonObject {
  const { enabled, effort, budgetTokens, show } = thinking;
  const shown: JsonObject = show === null ? {} : { includeThoughts: show };
  if (enabled === false || effort === 'none') return { ...shown, thinkingBudget: 0 };
  if (effort === 'xhigh' || effort === 'max') {
    losses.warn(`effort ${effort} was sent as HIGH, the most there is`);
  }
  // Level and budget exclude each other; the budget is the more exact.
  if (budgetTokens !== null) return { ...shown, thinkingBudget: budgetTokens };
  if (effort !== null) return { ...shown, thinkingLevel: LEVELS[effort] };
  return enabled === true ? { ...shown, thinkingBudget: BUDGET_OPEN } : shown;
}

function writeTools(turn: Turn, losses: Losses): JsonObject {
  if (turn.tools.length === 0) return {};
  if (turn.tools.some(({ cache }) => cache !== undefined)) {
    losses.warn('marks of what to cache were left out');
  }
  if (turn.tools.some(({ strict }) => strict === true)) {
    losses.warn('strict of tools cannot be asked for one by one and was left out');
  }
  const tools = [{ functionDeclarations: turn.tools.map(writeTool) }];
  if (turn.toolChoice === null) return { tools };
  return { tools, toolConfig: { functionCallingConfig: writeChoice(turn.toolChoice) } };
}

function writeTool(tool: Tool): JsonObject {
  return {
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    ...(tool.parameters === null ? {} : { parametersJsonSchema: tool.parameters }),
  };
}

function writeChoice(choice: ToolChoice): JsonObject {
  switch (choice.mode) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'one':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
    case 'some':
      // AUTO takes no names.
      return { mode: choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames: choice.names };
  }
}
