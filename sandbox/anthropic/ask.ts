/** What a checked Messages request asks for. */
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
  textOf,
} from '../ask.ts';
import { objectsOf } from '../complain.ts';

export function readMessage(body: JsonObject): Ask {
  const model = String(body.model);
  const messages = objectsOf(body.messages);
  const lines = linesOf(body, messages);
  const images = messages.flatMap(imagesOf);
  const extra = body.tools === undefined ? '' : JSON.stringify(body.tools);
  const promptTokens = promptTokensOf(lines, images.length, extra);
  const choice = isObject(body.tool_choice) ? body.tool_choice : {};
  return {
    ...PLAIN_ASK,
    model,
    stream: body.stream === true,
    ...readLines(lines),
    images,
    results: resultsOf(messages),
    tools: objectsOf(body.tools)
      .filter(({ input_schema: schema }) => isObject(schema))
      .map((tool) => ({ name: String(tool.name), parameters: tool.input_schema as JsonObject })),
    choice: choiceOf(choice),
    parallel: choice.disable_parallel_tool_use !== true,
    format: formatOf(body.output_config),
    stops: Array.isArray(body.stop_sequences) ? body.stop_sequences.map(String) : [],
    thinks: thinks(body, model),
    totalTokensMax: typeof body.max_tokens === 'number' ? body.max_tokens : null,
    promptTokens,
    cachedTokens: cachedTokensOf(model, promptTokens),
  };
}

function linesOf(body: JsonObject, messages: readonly JsonObject[]): Line[] {
  const system: Line[] =
    body.system === undefined ? [] : [{ role: 'system', text: textOf(body.system) }];
  const turns = messages
    // A turn of nothing but results is no words of the user's; its errors are.
    .map((message): Line => ({ role: roleOf(message), text: wordsOf(message.content) }))
    .filter(({ role, text }) => role !== 'user' || text !== '');
  return [...system, ...turns];
}

function roleOf({ role }: JsonObject): Line['role'] {
  return role === 'assistant' || role === 'system' ? role : 'user';
}

function wordsOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  const blocks = objectsOf(content);
  const failed = blocks.filter((block) => block.type === 'tool_result' && block.is_error === true);
  return [textOf(blocks), ...failed.map((block) => textOf(block.content))]
    .filter((text) => text !== '')
    .join('\n');
}

function imagesOf(message: JsonObject): string[] {
  const blocks = objectsOf(message.content);
  const inside = blocks.flatMap((block) =>
    block.type === 'tool_result' ? objectsOf(block.content) : [],
  );
  return [...blocks, ...inside]
    .filter(({ type }) => type === 'image')
    .map(({ source }) => {
      if (!isObject(source)) return '';
      if (source.type === 'base64') return `data:${source.media_type};base64,`;
      return String(source.url ?? source.file_id);
    });
}

function resultsOf(messages: readonly JsonObject[]): ToolResult[] {
  const names = new Map<string, string>();
  for (const block of messages.flatMap(({ content }) => objectsOf(content))) {
    if (block.type === 'tool_use') names.set(String(block.id), String(block.name));
  }
  return objectsOf(messages.at(-1)?.content)
    .filter(({ type }) => type === 'tool_result')
    .map((block) => ({
      name: names.get(String(block.tool_use_id)) ?? 'the tool',
      text: textOf(block.content),
    }));
}

function choiceOf(choice: JsonObject): Ask['choice'] {
  if (choice.type === 'none') return 'none';
  if (choice.type === 'any') return 'required';
  return choice.type === 'tool' ? { name: String(choice.name) } : 'auto';
}

function formatOf(output: Json | undefined): Ask['format'] {
  const format = isObject(output) ? output.format : undefined;
  return isObject(format) ? { schema: format.schema ?? {} } : 'text';
}

function thinks({ thinking }: JsonObject, model: string): boolean {
  if (!isObject(thinking)) return REASONING_NAME.test(model);
  return thinking.type !== 'disabled';
}
