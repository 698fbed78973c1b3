/** A request to generate content as a common turn. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import {
  listAt,
  objectAt,
  optionalBoolean,
  optionalNumber,
  optionalText,
  textAt,
  textList,
  wrong,
} from '../fields.ts';
import type { WireRequest } from '../shape.ts';
import type { Effort, Format, Item, Thinking, Tool, ToolChoice, Turn } from '../turn.ts';
import { CallBook, PartReader } from './parts.ts';
import { DIALECT, pick, toJsonSchema, unknownOf } from './wire.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'serviceTier'],
  // Some clients repeat the path's model in the body.
  'model',
]);
const KNOWN_OF_CONFIG: ReadonlySet<string> = new Set([
  ...['temperature', 'topP', 'topK', 'candidateCount', 'maxOutputTokens', 'stopSequences', 'seed'],
  ...['presencePenalty', 'frequencyPenalty', 'responseMimeType', 'responseSchema'],
  ...['responseJsonSchema', 'thinkingConfig', 'responseModalities'],
]);
const KNOWN_OF_DECLARATION: ReadonlySet<string> = new Set([
  ...['name', 'description', 'parameters', 'parametersJsonSchema'],
]);
/** The schema of an answer has no name in this format. */
export const FORMAT_NAME = 'output';

export function readTurn({ body, choices }: WireRequest): Turn {
  const config = objectAt(pick(body, 'generationConfig') ?? {}, 'generationConfig');
  const number = (name: string) => optionalNumber(pick(config, name), `generationConfig.${name}`);
  const tools = readTools(body.tools);
  return {
    items: [...readSystem(pick(body, 'systemInstruction')), ...readContents(body.contents)],
    tools: tools.tools,
    toolChoice: readChoice(pick(body, 'toolConfig')),
    parallelTools: null,
    format: readFormat(config),
    thinking: readThinking(pick(config, 'thinkingConfig')),
    outputTokensMax: number('maxOutputTokens'),
    stop: textList(pick(config, 'stopSequences'), 'generationConfig.stopSequences'),
    temperature: number('temperature'),
    topP: number('topP'),
    topK: number('topK'),
    seed: number('seed'),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    choices,
    user: null,
    serviceTier: optionalText(pick(body, 'serviceTier'), 'serviceTier'),
    metadata: null,
    others: {
      ...unknownOf(body, KNOWN, ''),
      ...unknownOf(config, KNOWN_OF_CONFIG, 'generationConfig'),
      ...readModalities(pick(config, 'responseModalities')),
      ...tools.others,
    },
    origin: DIALECT,
  };
}

function readSystem(value: Json | undefined): readonly Item[] {
  if (value === undefined) return [];
  const { parts } = objectAt(value, 'systemInstruction');
  const reader = new PartReader('system', new CallBook());
  readParts(reader, parts, 'systemInstruction.parts');
  return reader.end();
}

function readParts(reader: PartReader, parts: Json | undefined, path: string): void {
  const list = Array.isArray(parts) || parts === undefined ? parts : [parts];
  for (const [at, part] of ((list ?? []) as readonly Json[]).entries()) {
    reader.read(objectAt(part, `${path}[${at}]`), `${path}[${at}]`);
  }
}

function readContents(contents: Json | undefined): readonly Item[] {
  const calls = new CallBook();
  return listAt(contents, 'contents').flatMap((one, at) => {
    const content = objectAt(one, `contents[${at}]`);
    const role = optionalText(content.role, `contents[${at}].role`) ?? 'user';
    if (!['user', 'model', 'function'].includes(role)) {
      throw wrong(`contents[${at}].role`, 'must be user or model');
    }
    const reader = new PartReader(role === 'model' ? 'assistant' : 'user', calls);
    readParts(reader, content.parts, `contents[${at}].parts`);
    return reader.end();
  });
}

/** Only text is what every model answers with. */
function readModalities(value: Json | undefined): Record<string, Json> {
  const wanted = textList(value, 'generationConfig.responseModalities');
  const isPlain = wanted.every((one) => one.toUpperCase() === 'TEXT');
  return isPlain ? {} : { 'generationConfig.responseModalities': wanted };
}

function readTools(value: Json | undefined): { tools: Tool[]; others: Record<string, Json> } {
  const tools: Tool[] = [];
  const others: Record<string, Json> = {};
  if (value === undefined || value === null) return { tools, others };
  for (const [at, one] of listAt(value, 'tools').entries()) {
    const holder = objectAt(one, `tools[${at}]`);
    for (const key of Object.keys(holder)) {
      if (key === 'functionDeclarations' || key === 'function_declarations') continue;
      throw wrong(`tools[${at}].${key}`, 'is no function: this model takes functions only');
    }
    const list = listAt(pick(holder, 'functionDeclarations') ?? [], `tools[${at}]`);
    for (const [index, declared] of list.entries()) {
      const path = `tools[${at}].functionDeclarations[${index}]`;
      const declaration = objectAt(declared, path);
      tools.push(readDeclaration(declaration, path));
      Object.assign(others, unknownOf(declaration, KNOWN_OF_DECLARATION, path));
    }
  }
  return { tools, others };
}

function readDeclaration(declaration: JsonObject, path: string): Tool {
  const plain = pick(declaration, 'parametersJsonSchema');
  const own = pick(declaration, 'parameters');
  return {
    name: textAt(declaration.name, `${path}.name`),
    description: optionalText(declaration.description, `${path}.description`),
    parameters:
      plain !== undefined
        ? objectAt(plain, `${path}.parametersJsonSchema`)
        : own === undefined
          ? null
          : toJsonSchema(objectAt(own, `${path}.parameters`)),
    strict: null,
  };
}

const PATH_OF_CALLING = 'toolConfig.functionCallingConfig';

function readChoice(value: Json | undefined): ToolChoice | null {
  if (value === undefined) return null;
  const inner = pick(objectAt(value, 'toolConfig'), 'functionCallingConfig');
  if (inner === undefined) return null;
  const calling = objectAt(inner, PATH_OF_CALLING);
  const names = textList(pick(calling, 'allowedFunctionNames'), `${PATH_OF_CALLING}.allowed…`);
  const mode = optionalText(calling.mode, `${PATH_OF_CALLING}.mode`)?.toUpperCase() ?? 'AUTO';
  const [only] = names;
  switch (mode) {
    case 'NONE':
      return { mode: 'none' };
    case 'ANY':
      if (only === undefined) return { mode: 'required' };
      if (names.length === 1) return { mode: 'one', name: only };
      return { mode: 'some', names, required: true };
    case 'AUTO':
    case 'VALIDATED':
    case 'MODE_UNSPECIFIED':
      return names.length === 0 ? { mode: 'auto' } : { mode: 'some', names, required: false };
    default:
      throw wrong(`${PATH_OF_CALLING}.mode`, 'must be AUTO, ANY, NONE or VALIDATED');
  }
}

function readFormat(config: JsonObject): Format | null {
  const path = 'generationConfig.responseMimeType';
  const type = optionalText(pick(config, 'responseMimeType'), path);
  if (type === null) return null;
  if (type === 'text/plain') return { type: 'text' };
  if (type !== 'application/json') throw wrong(path, 'must be text/plain or application/json');
  const plain = pick(config, 'responseJsonSchema');
  const own = pick(config, 'responseSchema');
  if (plain === undefined && own === undefined) return { type: 'json' };
  const schema =
    plain === undefined
      ? toJsonSchema(objectAt(own, 'generationConfig.responseSchema'))
      : objectAt(plain, 'generationConfig.responseJsonSchema');
  return { type: 'schema', name: FORMAT_NAME, description: null, schema, strict: true };
}

const LEVELS: Readonly<Record<string, Effort>> = {
  MINIMAL: 'minimal',
  LOW: 'low',
  MEDIUM: 'medium',
  HIGH: 'high',
};
/** The model decides how much. */
const BUDGET_OPEN = -1;

function readThinking(value: Json | undefined): Thinking | null {
  if (!isObject(value)) return null;
  const path = 'generationConfig.thinkingConfig';
  const show = optionalBoolean(pick(value, 'includeThoughts'), `${path}.includeThoughts`);
  const budget = optionalNumber(pick(value, 'thinkingBudget'), `${path}.thinkingBudget`);
  const level = optionalText(pick(value, 'thinkingLevel'), `${path}.thinkingLevel`)?.toUpperCase();
  const effort = level === undefined ? null : (LEVELS[level] ?? null);
  if (level !== undefined && effort === null && level !== 'THINKING_LEVEL_UNSPECIFIED') {
    throw wrong(`${path}.thinkingLevel`, `must be one of ${Object.keys(LEVELS).join(', ')}`);
  }
  if (budget === null) return { enabled: null, effort, budgetTokens: null, show };
  if (budget === 0) return { enabled: false, effort, budgetTokens: null, show };
  const budgetTokens = budget === BUDGET_OPEN ? null : budget;
  return { enabled: true, effort, budgetTokens, show };
}
