/** What a checked Converse request asks for. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import {
  type Ask,
  cachedTokensOf,
  type Line,
  PLAIN_ASK,
  promptTokensOf,
  REASONING_NAME,
  readLines,
  type ToolResult,
  textOf,
} from '../ask.ts';
import { numberOr, objectsOf } from '../complain.ts';

export function readConverse(body: JsonObject, model: string): Ask {
  const turns = objectsOf(body.messages);
  const system: Line[] = objectsOf(body.system).map((block) => ({
    role: 'system',
    text: String(block.text ?? ''),
  }));
  const lines = [...system, ...turns.map(lineOf).filter(({ text }) => text !== '')];
  const images = turns.flatMap(imagesOf);
  const config = isObject(body.inferenceConfig) ? body.inferenceConfig : {};
  const tools = isObject(body.toolConfig) ? body.toolConfig : {};
  const extra = body.toolConfig === undefined ? '' : JSON.stringify(tools.tools);
  const promptTokens = promptTokensOf(lines, images.length, extra);
  return {
    ...PLAIN_ASK,
    model,
    ...readLines(lines),
    images,
    results: resultsOf(turns),
    tools: objectsOf(tools.tools).flatMap(toolOf),
    choice: choiceOf(tools.toolChoice),
    format: formatOf(body.outputConfig),
    stops: Array.isArray(config.stopSequences) ? config.stopSequences.map(String) : [],
    thinks: thinks(body, model),
    totalTokensMax: numberOr(config.maxTokens, null),
    promptTokens,
    cachedTokens: cachedTokensOf(model, promptTokens),
  };
}

function lineOf(turn: JsonObject): Line {
  const blocks = objectsOf(turn.content);
  const failed = blocks.flatMap(({ toolResult }) =>
    isObject(toolResult) && toolResult.status === 'error' ? [textOf(toolResult.content)] : [],
  );
  const role = turn.role === 'assistant' ? 'assistant' : 'user';
  return { role, text: [textOf(blocks), ...failed].filter((text) => text !== '').join('\n') };
}

function imagesOf(turn: JsonObject): string[] {
  return objectsOf(turn.content).flatMap(({ image }) =>
    isObject(image) ? [`data:image/${image.format};base64,`] : [],
  );
}

function resultsOf(turns: readonly JsonObject[]): ToolResult[] {
  const names = new Map<string, string>();
  for (const { toolUse } of turns.flatMap(({ content }) => objectsOf(content))) {
    if (isObject(toolUse)) names.set(String(toolUse.toolUseId), String(toolUse.name));
  }
  return objectsOf(turns.at(-1)?.content).flatMap(({ toolResult }) => {
    if (!isObject(toolResult)) return [];
    const parts = objectsOf(toolResult.content).map((part) =>
      typeof part.text === 'string' ? part.text : JSON.stringify(part.json ?? part),
    );
    const name = names.get(String(toolResult.toolUseId)) ?? 'the tool';
    return [{ name, text: parts.join('\n') }];
  });
}

function toolOf({ toolSpec: spec }: JsonObject): Ask['tools'][number][] {
  if (!isObject(spec)) return [];
  const schema = isObject(spec.inputSchema) ? spec.inputSchema.json : undefined;
  return [{ name: String(spec.name), parameters: isObject(schema) ? schema : {} }];
}

function choiceOf(choice: Json | undefined): Ask['choice'] {
  if (!isObject(choice)) return 'auto';
  if (choice.any !== undefined) return 'required';
  return isObject(choice.tool) ? { name: String(choice.tool.name) } : 'auto';
}

function formatOf(output: Json | undefined): Ask['format'] {
  const format = isObject(output) ? output.textFormat : undefined;
  const structure = isObject(format) ? format.structure : undefined;
  const named = isObject(structure) ? structure.jsonSchema : undefined;
  const schema = isObject(named) ? parseJson(String(named.schema)) : undefined;
  return schema === undefined ? 'text' : { schema };
}

/** Thinking is asked for in the model's own words, which Bedrock passes on. */
function thinks(body: JsonObject, model: string): boolean {
  const more = isObject(body.additionalModelRequestFields) ? body.additionalModelRequestFields : {};
  const thinking = more.thinking ?? more.reasoning_config;
  if (isObject(thinking)) return thinking.type !== 'disabled';
  return REASONING_NAME.test(model);
}
