/** What a checked generateContent request, its names in camelCase, asks for. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import {
  type Ask,
  cachedTokensOf,
  type Line,
  PLAIN_ASK,
  promptTokensOf,
  REASONING_NAME,
  readLines,
  type ToolResult,
} from '../ask.ts';
import { numberOr, objectsOf } from '../complain.ts';
import { toJsonSchema } from './proto.ts';

/** Models that think unless told not to. */
const THINKS = /^gemini-(2\.5|[3-9]|\d\d)/;

export interface GeminiAsk extends Ask {
  readonly showsThoughts: boolean;
}

export function readGenerate(body: JsonObject, model: string): GeminiAsk {
  const turns = turnsOf(body);
  const config = isObject(body.generationConfig) ? body.generationConfig : {};
  const lines = linesOf(body, turns);
  const images = turns.flatMap(imagesOf);
  const extra = body.tools === undefined ? '' : JSON.stringify(body.tools);
  const promptTokens = promptTokensOf(lines, images.length, extra);
  const thinking = isObject(config.thinkingConfig) ? config.thinkingConfig : {};
  return {
    ...PLAIN_ASK,
    model,
    ...readLines(lines),
    images,
    results: resultsOf(turns),
    ...toolsOf(body),
    format: formatOf(config),
    stops: Array.isArray(config.stopSequences) ? config.stopSequences.map(String) : [],
    n: numberOr(config.candidateCount, 1) ?? 1,
    thinks: thinks(thinking, model),
    totalTokensMax: numberOr(config.maxOutputTokens, null),
    promptTokens,
    cachedTokens: cachedTokensOf(model, promptTokens),
    showsThoughts: thinking.includeThoughts === true,
  };
}

export function turnsOf(body: JsonObject): JsonObject[] {
  return objectsOf(isObject(body.contents) ? [body.contents] : body.contents);
}

export function wordsOf(turn: Json | undefined): string {
  if (!isObject(turn)) return '';
  return objectsOf(turn.parts)
    .filter(({ text, thought }) => typeof text === 'string' && thought !== true)
    .map(({ text }) => String(text))
    .join('\n');
}

function linesOf(body: JsonObject, turns: readonly JsonObject[]): Line[] {
  const system: Line[] =
    body.systemInstruction === undefined
      ? []
      : [{ role: 'system', text: wordsOf(body.systemInstruction) }];
  const rest = turns
    .map(
      (turn): Line => ({
        role: turn.role === 'model' ? 'assistant' : 'user',
        text: wordsOf(turn),
      }),
    )
    .filter(({ role, text }) => role === 'assistant' || text !== '');
  return [...system, ...rest];
}

function imagesOf(turn: JsonObject): string[] {
  return objectsOf(turn.parts).flatMap(({ inlineData, fileData }) => {
    if (isObject(inlineData)) return [`data:${inlineData.mimeType};base64,`];
    return isObject(fileData) ? [String(fileData.fileUri)] : [];
  });
}

function resultsOf(turns: readonly JsonObject[]): ToolResult[] {
  return objectsOf(turns.at(-1)?.parts).flatMap(({ functionResponse: made }) => {
    if (!isObject(made)) return [];
    const { response } = made;
    const inner = isObject(response) ? (response.output ?? response.result ?? response) : null;
    const text = typeof inner === 'string' ? inner : JSON.stringify(inner);
    return [{ name: String(made.name), text }];
  });
}

function toolsOf(body: JsonObject): Pick<Ask, 'tools' | 'choice' | 'parallel'> {
  const config = isObject(body.toolConfig) ? body.toolConfig.functionCallingConfig : undefined;
  const mode = isObject(config) ? config.mode : undefined;
  const names =
    isObject(config) && Array.isArray(config.allowedFunctionNames)
      ? config.allowedFunctionNames
      : [];
  const tools = objectsOf(body.tools)
    .flatMap(({ functionDeclarations: list }) => objectsOf(list))
    .filter(({ name }) => names.length === 0 || names.includes(name ?? ''))
    .map(({ name, parameters, parametersJsonSchema: plain }) => ({
      name: String(name),
      parameters: isObject(plain)
        ? plain
        : parameters === undefined
          ? { type: 'object' }
          : toJsonSchema(parameters),
    }));
  const choice = mode === 'NONE' ? 'none' : mode === 'ANY' ? 'required' : 'auto';
  return { tools, choice, parallel: true };
}

function formatOf(config: JsonObject): Ask['format'] {
  if (config.responseJsonSchema !== undefined) return { schema: config.responseJsonSchema };
  if (config.responseSchema !== undefined) return { schema: toJsonSchema(config.responseSchema) };
  return config.responseMimeType === 'application/json' ? 'json_object' : 'text';
}

function thinks(thinking: JsonObject, model: string): boolean {
  if (thinking.thinkingBudget === 0) return false;
  const asked = thinking.thinkingBudget !== undefined || thinking.thinkingLevel !== undefined;
  return asked || THINKS.test(model) || REASONING_NAME.test(model);
}
