/** Writes the common turn as a request for a response, for a vendor. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { applyTweaks, Losses, placeOthers, warnOfMarks } from '../losses.ts';
import type { WireTweaks, WriteWish, Written } from '../shape.ts';
import { filled } from '../spots.ts';
import type { ContentPart, Format, Item, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { type PartWish, writeContent } from './parts.ts';
import { RESPONSES } from './seals.ts';

/** Fields of other formats that mean the same here. */
const SHARED: ReadonlySet<string> = new Set([
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
]);

export function writeTurn(turn: Turn, wish: WriteWish & { readonly stream: boolean }): Written {
  const losses = new Losses(wish, turn.origin);
  loseSettings(turn, losses);
  // Other formats have it outside.
  const { verbosity, ...others } = turn.others;
  const { instructions, rest } = splitInstructions(turn.items);
  const text = filled({ format: turn.format && writeFormat(turn.format), verbosity });
  const body: Record<string, Json> = {
    model: wish.wireModel,
    ...filled({ instructions }),
    input: writeItems(rest, { losses, isOwn: turn.origin === RESPONSES }),
    ...(turn.tools.length === 0 ? {} : { tools: turn.tools.map(writeTool) }),
    ...filled({ tool_choice: turn.toolChoice && writeToolChoice(turn.toolChoice) }),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...writeThinking(turn.thinking, wish.tweaks, losses),
    ...writeSettings(turn),
    ...(wish.stream ? { stream: true } : {}),
    // What is said here is kept here: any vendor can go on from it.
    store: false,
  };
  placeOthers({ ...turn, others }, { dialect: RESPONSES, body, shared: SHARED }, losses);
  applyTweaks(body, wish.tweaks, losses);
  return losses.written(JSON.stringify(body));
}

function loseSettings(turn: Turn, losses: Losses): void {
  if (turn.topK !== null) losses.warn('top_k was left out');
  const fields = {
    stop: turn.stop.length === 0 ? null : turn.stop,
    seed: turn.seed,
    presence_penalty: turn.presencePenalty,
    frequency_penalty: turn.frequencyPenalty,
    n: turn.choices === 1 ? null : turn.choices,
  };
  losses.loseAll(fields, 'the format of this model has no such setting.');
}

function writeSettings(turn: Turn): JsonObject {
  return filled({
    parallel_tool_calls: turn.parallelTools,
    max_output_tokens: turn.outputTokensMax,
    temperature: turn.temperature,
    top_p: turn.topP,
    user: turn.user,
    service_tier: turn.serviceTier,
    metadata: turn.metadata,
  });
}

/** The first word of the system stands apart. */
function splitInstructions(items: readonly Item[]) {
  const [first, ...rest] = items;
  const isPlain =
    first?.type === 'message' &&
    first.role === 'system' &&
    first.content.every((part) => part.type === 'text');
  if (!isPlain) return { instructions: null, rest: items };
  const texts = first.content.map((part) => (part.type === 'text' ? part.text : ''));
  return { instructions: texts.join('\n\n'), rest };
}

function writeItems(items: readonly Item[], wish: PartWish): JsonObject[] {
  return items.map((item) => writeItem(item, wish)).filter((item) => item !== null);
}

function writeItem(item: Item, wish: PartWish): JsonObject | null {
  switch (item.type) {
    case 'message':
      return item.role === 'assistant'
        ? writeAnswer(item.content, wish)
        : { type: 'message', role: item.role, content: writeContent(item.content, wish) };
    case 'refusal': {
      const content = [{ type: 'refusal', refusal: item.text }];
      return { type: 'message', role: 'assistant', content };
    }
    case 'reasoning':
      return writeThoughts(item, wish);
    case 'tool_call': {
      const written = item.arguments === '' ? '{}' : item.arguments;
      return { type: 'function_call', call_id: item.id, name: item.name, arguments: written };
    }
    default:
      return writeResult(item, wish);
  }
}

function writeAnswer(parts: readonly ContentPart[], { losses }: PartWish): JsonObject {
  warnOfMarks(parts, losses);
  const content = parts.flatMap((part): JsonObject[] =>
    part.type === 'text' ? [{ type: 'output_text', text: part.text }] : [],
  );
  if (content.length < parts.length) losses.warn('media of earlier answers were left out');
  return { type: 'message', role: 'assistant', content };
}

/** Only what this dialect sealed is taken back. */
function writeThoughts(
  item: Extract<Item, { type: 'reasoning' }>,
  { losses }: PartWish,
): JsonObject | null {
  if (item.seal?.dialect !== RESPONSES) {
    losses.warn('earlier thoughts were left out');
    return null;
  }
  const summary = item.text === '' ? [] : [{ type: 'summary_text', text: item.text }];
  return { type: 'reasoning', summary, encrypted_content: item.seal.value };
}

function writeResult(item: Extract<Item, { type: 'tool_result' }>, wish: PartWish): JsonObject {
  if (item.isError) wish.losses.warn('that a tool failed is told by its words alone');
  const [first] = item.content;
  const isText = item.content.length <= 1 && (first === undefined || first.type === 'text');
  const output: Json =
    isText && (first === undefined || first.type === 'text')
      ? (first?.text ?? '')
      : writeContent(item.content, wish);
  return { type: 'function_call_output', call_id: item.callId, output };
}

function writeTool(tool: Tool): JsonObject {
  const { name, description } = tool;
  return {
    ...filled({ type: 'function', name, description }),
    parameters: tool.parameters ?? { type: 'object', properties: {} },
    // Left out it would mean true, which not every schema allows.
    strict: tool.strict ?? false,
  };
}

const named = (name: string): JsonObject => ({ type: 'function', name });

function writeToolChoice(choice: ToolChoice): Json {
  if (choice.mode === 'one') return named(choice.name);
  if (choice.mode !== 'some') return choice.mode;
  const mode = choice.required ? 'required' : 'auto';
  return { type: 'allowed_tools', mode, tools: choice.names.map(named) };
}

function writeFormat(format: Format): JsonObject {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return filled({ type: 'json_schema', name, description, schema, strict });
}

function writeThinking(
  thinking: Thinking | null,
  tweaks: WireTweaks | undefined,
  losses: Losses,
): JsonObject {
  if (thinking === null) return {};
  const { enabled, budgetTokens, show } = thinking;
  const isTyped = tweaks?.thinking === 'type';
  const off = enabled === false && !isTyped ? 'none' : null;
  const effort = thinking.effort ?? off;
  if (budgetTokens !== null) {
    losses.warn(`a budget of ${budgetTokens} tokens of thinking was left out`);
  }
  const reasoning = filled({ effort, summary: show === true ? 'auto' : null });
  const thinks = enabled !== false && effort !== 'none';
  return {
    ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }),
    ...(isTyped && enabled !== null
      ? { thinking: { type: enabled ? 'enabled' : 'disabled' } }
      : {}),
    ...(thinks ? { include: ['reasoning.encrypted_content'] } : {}),
  };
}
