/** Writes the common turn as a request for a response, for a vendor. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { Omissions, tweakBody } from '../omissions.ts';
import type { WireTweaks, WriteWish, Written } from '../shape.ts';
import { filled } from '../spots.ts';
import type { Format, Item, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { writeContent } from './parts.ts';
import { RESPONSES } from './seals.ts';

/** Fields of other dialects that mean the same here; verbosity stands elsewhere. */
const SHARED: ReadonlySet<string> = new Set([
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'verbosity',
]);
const NO_FIELD = 'The format of the model behind this call has no such field.';

export function writeTurn(turn: Turn, wish: WriteWish & { readonly stream: boolean }): Written {
  const omissions = new Omissions(wish.mayDrop);
  const { verbosity, ...others } = omissions.sort(turn, (field) =>
    turn.origin === RESPONSES ? !/[.[]/.test(field) : SHARED.has(field),
  );
  omitSettings(turn, omissions);
  const { instructions, rest } = splitInstructions(turn.items);
  const text = filled({ format: turn.format && writeFormat(turn.format), verbosity });
  const body: JsonObject = {
    model: wish.wireModel,
    ...filled({ instructions }),
    input: writeItems(rest, omissions),
    ...(turn.tools.length === 0 ? {} : { tools: turn.tools.map(writeTool) }),
    ...filled({ tool_choice: turn.toolChoice && writeToolChoice(turn.toolChoice) }),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...writeThinking(turn.thinking, wish.tweaks, omissions),
    ...writeSettings(turn),
    ...others,
    ...(wish.stream ? { stream: true } : {}),
    // What is said here is kept here: any vendor can go on from it.
    store: false,
  };
  return omissions.written(tweakBody(body, wish, omissions));
}

function omitSettings(turn: Turn, omissions: Omissions): void {
  const said: Readonly<Record<string, boolean>> = {
    stop: turn.stop.length > 0,
    top_k: turn.topK !== null,
    seed: turn.seed !== null,
    presence_penalty: (turn.presencePenalty ?? 0) !== 0,
    frequency_penalty: (turn.frequencyPenalty ?? 0) !== 0,
    n: turn.choices !== 1,
  };
  for (const [field, isSaid] of Object.entries(said)) if (isSaid) omissions.omit(field, NO_FIELD);
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

function writeItems(items: readonly Item[], omissions: Omissions): JsonObject[] {
  return items.map((item) => writeItem(item, omissions)).filter((item) => item !== null);
}

function writeItem(item: Item, omissions: Omissions): JsonObject | null {
  switch (item.type) {
    case 'message': {
      if (item.role !== 'assistant') {
        const content = writeContent(item.content, omissions);
        return { type: 'message', role: item.role, content };
      }
      const content = item.content.flatMap((part): JsonObject[] =>
        part.type === 'text' ? [{ type: 'output_text', text: part.text }] : [],
      );
      if (content.length < item.content.length) {
        omissions.warn('Media of earlier answers are not shown to the model behind this call.');
      }
      return { type: 'message', role: 'assistant', content };
    }
    case 'refusal': {
      const content = [{ type: 'refusal', refusal: item.text }];
      return { type: 'message', role: 'assistant', content };
    }
    case 'reasoning':
      return writeThoughts(item, omissions);
    case 'tool_call': {
      const written = item.arguments === '' ? '{}' : item.arguments;
      return { type: 'function_call', call_id: item.id, name: item.name, arguments: written };
    }
    default:
      return writeResult(item, omissions);
  }
}

/** Only what this dialect sealed is taken back. */
function writeThoughts(
  item: Extract<Item, { type: 'reasoning' }>,
  omissions: Omissions,
): JsonObject | null {
  if (item.seal?.dialect !== RESPONSES) {
    omissions.warn('Earlier thoughts are not shown to the model behind this call.');
    return null;
  }
  const summary = item.text === '' ? [] : [{ type: 'summary_text', text: item.text }];
  return { type: 'reasoning', summary, encrypted_content: item.seal.value };
}

function writeResult(
  item: Extract<Item, { type: 'tool_result' }>,
  omissions: Omissions,
): JsonObject {
  if (item.isError) omissions.warn('That a tool failed is told by its words alone.');
  const [first] = item.content;
  const isText = item.content.length <= 1 && (first === undefined || first.type === 'text');
  const output: Json =
    isText && (first === undefined || first.type === 'text')
      ? (first?.text ?? '')
      : writeContent(item.content, omissions);
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
  omissions: Omissions,
): JsonObject {
  if (thinking === null) return {};
  const { enabled, budgetTokens, show } = thinking;
  const isTyped = tweaks?.thinking === 'type';
  const off = enabled === false && !isTyped ? 'none' : null;
  const effort = thinking.effort ?? off;
  if (budgetTokens !== null) {
    omissions.warn(`A budget of ${budgetTokens} tokens of thinking cannot be told.`);
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
