/** How JSON is asked of one model: the question as it is, with a tool to call, or with words. */
import type { JsonObject } from '../../kit/json.ts';
import type { Checker, Problem } from '../../kit/schema/compile.ts';
import { type Rewriting, rewriteSchema } from '../schema/rewrite.ts';
import { type Subset, subsetOf } from '../schema/subsets.ts';
import type { Item, Tool, Turn } from '../turn.ts';
import type { Want } from './want.ts';

/** From the strongest promise to the weakest. */
export type Mode = 'native' | 'forced_tool' | 'json_mode' | 'prompt';

export interface Ask {
  readonly mode: Mode;
  /** Where the vendor takes only part of what a schema can say. */
  readonly rewriting: Rewriting | null;
}

/** What the model can do, by the catalogue. */
export interface Able {
  readonly json: 'schema' | 'object' | 'none';
  readonly tools: boolean;
  readonly reasoning: boolean;
}

export interface Place {
  readonly able: Able;
  /** Format of the vendor. */
  readonly dialect: string;
  /** The caller's bytes go there as they are. */
  readonly untouched: boolean;
  /** The answer flows to the caller as it comes: it cannot be moved out of a call. */
  readonly flows: boolean;
}

/** The best way to ask there. */
export function chooseAsk(turn: Turn, want: Want, place: Place): Ask {
  const plain = (mode: Mode): Ask => ({ mode, rewriting: null });
  if (want.kind === 'call') return plain('native');
  const { able, dialect } = place;
  const subset = subsetOf(dialect);
  const isBarred = subset?.alone === true && turn.tools.length > 0 && !place.untouched;
  const hasMode = able.json !== 'none' && subset?.jsonMode !== false && !isBarred;
  if (want.free) return plain(hasMode ? 'native' : 'prompt');
  if (able.json === 'schema' && !isBarred) {
    if (place.untouched || subset === undefined) return plain('native');
    const rewriting = rewritingOf(want, subset);
    if (rewriting !== null) return { mode: 'native', rewriting };
  }
  const isObject = want.schema.type === 'object';
  // Many models that think refuse to be made to call.
  const thinks = turn.thinking?.enabled ?? able.reasoning;
  const mayCall = able.tools && turn.tools.length === 0 && isObject && !place.flows && !thinks;
  if (mayCall) return plain('forced_tool');
  return plain(hasMode && isObject ? 'json_mode' : 'prompt');
}

/** Schemas come again and again; what became of one is kept as long as its checker is. */
const rewritings = new WeakMap<Checker, Map<Subset, Rewriting | null>>();

function rewritingOf({ checker, schema }: Want, subset: Subset): Rewriting | null {
  const known = rewritings.get(checker) ?? new Map<Subset, Rewriting | null>();
  rewritings.set(checker, known);
  const made = known.get(subset);
  if (made !== undefined) return made;
  const rewriting = rewriteSchema(schema, subset);
  known.set(subset, rewriting);
  return rewriting;
}

/** Whether everything that the caller's schema says is kept to by the vendor itself. */
export function isGuaranteed(ask: Ask, want: Want, place: Place): boolean {
  if (ask.mode !== 'native' || want.kind === 'call') return false;
  if (want.free) return true;
  if (ask.rewriting !== null) return !ask.rewriting.looser;
  return want.strict || subsetOf(place.dialect)?.complete === false;
}

/** An answer that did not do, and why. */
export interface Failed {
  readonly text: string;
  readonly problems: readonly Problem[];
}

const TOOL_NAME_CHARS_MAX = 64;
/** Of an answer that is shown to the model again. */
export const SHOWN_ANSWER_CHARS_MAX = 32 * 1024;

/** The name of the tool that the model must call to answer. */
export function toolName({ name }: Pick<Want, 'name'>): string {
  return name.replaceAll(/[^\w-]/g, '_').slice(0, TOOL_NAME_CHARS_MAX) || 'answer';
}

/** The turn as this model is asked it, after the answers that did not do. */
export function writeAsk(
  turn: Turn,
  how: Ask & { readonly want: Want; readonly failed: readonly Failed[] },
): Turn {
  const { want, failed } = how;
  const asked = { ...turn, ...askBy(turn, how) };
  if (failed.length === 0) return asked;
  return { ...asked, items: [...asked.items, ...failed.flatMap((one) => corrections(one, want))] };
}

function askBy(turn: Turn, { mode, rewriting, want }: Ask & { want: Want }): Partial<Turn> {
  switch (mode) {
    case 'native': {
      if (rewriting === null || turn.format?.type !== 'schema') return {};
      return { format: { ...turn.format, schema: rewriting.schema, strict: true } };
    }
    case 'forced_tool': {
      const name = toolName(want);
      const tool: Tool = {
        name,
        description: 'Takes the whole answer. Call it once, with everything in its arguments.',
        parameters: want.schema,
        strict: null,
      };
      return { format: null, tools: [tool], toolChoice: { mode: 'one', name } };
    }
    case 'json_mode':
      return { format: { type: 'json' }, items: withOrder(turn.items, want) };
    default:
      return { format: null, items: withOrder(turn.items, want) };
  }
}

/** The order stands behind what the system was told before. */
function withOrder(items: readonly Item[], want: Want): readonly Item[] {
  const at = items.findIndex((item) => item.type !== 'message' || item.role !== 'system');
  const end = at < 0 ? items.length : at;
  return [...items.slice(0, end), said('system', orderOf(want)), ...items.slice(end)];
}

export function orderOf({ free, schema }: Pick<Want, 'free' | 'schema'>): string {
  const only = 'Write nothing else: no words around it, no code fence, no comments.';
  if (free) return `Answer with one JSON value. ${only}`;
  return `Answer with one JSON value that fits this JSON Schema. ${only}\n${textOf(schema)}`;
}

const textOf = (schema: JsonObject): string => JSON.stringify(schema);

const said = (role: 'system' | 'user' | 'assistant', text: string): Item => ({
  type: 'message',
  role,
  content: [{ type: 'text', text }],
});

function corrections({ text, problems }: Failed, want: Want): readonly Item[] {
  const list = problems.map(({ pointer, message }) => `- ${pointer || '/'}: ${message}`);
  const again =
    want.kind === 'call'
      ? `Call ${want.name} again, with arguments that fit its schema.`
      : 'Answer again with the whole corrected JSON and nothing else.';
  // An answer without a word cannot be shown: formats refuse empty texts.
  const shown = text.trim().slice(0, SHOWN_ANSWER_CHARS_MAX) || '(no answer)';
  return [
    said('assistant', shown),
    said('user', `This does not match the JSON Schema:\n${list.join('\n')}\n${again}`),
  ];
}
