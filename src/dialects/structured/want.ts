/** What JSON a request wants back, in whatever way its format asks for it. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type JsonObject } from '../../kit/json.ts';
import { type Checker, compileSchema } from '../../kit/schema/compile.ts';
import { SchemaError } from '../../kit/schema/guard.ts';
import { type Objection, objectionsTo } from '../schema/strict.ts';
import { STRICT_SUBSET } from '../schema/subsets.ts';
import type { WireRequest } from '../shape.ts';
import type { Turn } from '../turn.ts';

export interface Want {
  /** The text of the answer, or the arguments of the one tool that must be called. */
  readonly kind: 'answer' | 'call';
  /** Of the format, or of the tool. */
  readonly name: string;
  readonly schema: JsonObject;
  readonly strict: boolean;
  /** Any JSON will do: the caller sent no schema. */
  readonly free: boolean;
  readonly checker: Checker;
}

/** Fields that can ask for JSON, in every format: without them nothing more is looked at. */
const FIELDS: readonly string[] = [
  ...['response_format', 'text', 'output_config', 'generationConfig', 'generation_config'],
  ...['output_format', 'tool_choice', 'toolConfig', 'tool_config'],
];

/** Whether it is worth reading the turn: costs next to nothing, and is said of most calls: no. */
export function mayWant(request: WireRequest): boolean {
  return FIELDS.some((field) => isObject(request.body[field]));
}

/** Where the schema stands in each format. */
const PARAMS: Readonly<Record<string, string>> = {
  'openai-chat': 'response_format.json_schema.schema',
  'openai-responses': 'text.format.schema',
  'anthropic-messages': 'output_config.format.schema',
  'gemini-generate': 'generationConfig.responseJsonSchema',
  'cohere-chat': 'response_format.json_schema',
};
/** Formats in which `strict: true` is a promise to stay within the strict subset. */
const STRICT_FORMATS: ReadonlySet<string> = new Set(['openai-chat', 'openai-responses']);

const ANY_JSON: JsonObject = Object.freeze({ type: Object.freeze(['object', 'array']) });

/** Fault: `invalid_schema`. null: no JSON is wanted. */
export function readWant(turn: Turn, dialect: string): Want | null {
  const found = findWant(turn);
  if (found === null) return null;
  const param = found.kind === 'call' ? 'tools' : (PARAMS[dialect] ?? 'schema');
  try {
    const checker = compileSchema(found.schema);
    const isPromised = found.strict && !found.free && STRICT_FORMATS.has(dialect);
    if (isPromised) refuseLoose(found, { checker, param });
    return { ...found, checker };
  } catch (thrown) {
    if (!(thrown instanceof SchemaError)) throw thrown;
    const where = thrown.pointer === '' ? 'The schema' : `The schema at ${thrown.pointer}`;
    throw new Fault('invalid_schema', { message: `${where} ${thrown.message}.`, param });
  }
}

function findWant({ format, toolChoice, tools }: Turn): Omit<Want, 'checker'> | null {
  if (toolChoice?.mode === 'one') {
    const tool = tools.find(({ name }) => name === toolChoice.name);
    if (tool === undefined || tool.parameters === null) return null;
    const { name, parameters: schema, strict } = tool;
    return { kind: 'call', name, schema, strict: strict === true, free: false };
  }
  if (format === null || format.type === 'text') return null;
  if (format.type === 'json') {
    return { kind: 'answer', name: 'answer', schema: ANY_JSON, strict: false, free: true };
  }
  const { name, schema, strict } = format;
  return { kind: 'answer', name, schema, strict, free: false };
}

const OBJECTIONS_SHOWN_MAX = 5;

/** Schemas come again and again; what is said of one is kept as long as its checker is. */
const strictness = new WeakMap<Checker, readonly Objection[]>();

function refuseLoose(
  want: Omit<Want, 'checker'>,
  { checker, param }: { readonly checker: Checker; readonly param: string },
): void {
  const objections = strictness.get(checker) ?? objectionsTo(want.schema, STRICT_SUBSET);
  strictness.set(checker, objections);
  if (objections.length === 0) return;
  const list = objections
    .slice(0, OBJECTIONS_SHOWN_MAX)
    .map(({ pointer, message }) => `at ${pointer || '/'}: ${message}`);
  throw new Fault('invalid_schema', {
    message:
      `The schema "${want.name}" is not within the strict subset: ${list.join('; ')}. ` +
      'Mend it, or ask with strict: false.',
    param,
  });
}
