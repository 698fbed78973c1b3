/** A Responses request in the words of Chat Completions, which say what is asked. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Ask, readAsk } from '../ask.ts';
import { objectsOf } from '../complain.ts';
import type { FakeVendor } from '../vendors.ts';

/** The items of an input that may be one text. */
export function itemsOf(input: Json | undefined): JsonObject[] {
  if (typeof input !== 'string') return objectsOf(input);
  return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }];
}

export function readResponse(
  body: JsonObject,
  items: readonly JsonObject[],
  vendor: FakeVendor,
): Ask {
  const messages = items.flatMap(toMessage);
  const { instructions } = body;
  if (typeof instructions === 'string') {
    messages.unshift({ role: 'developer', content: instructions });
  }
  const made: Record<string, Json> = { model: body.model ?? '', messages };
  made.stream = body.stream === true;
  if (body.tools !== undefined) made.tools = objectsOf(body.tools).flatMap(toTool);
  if (body.tool_choice !== undefined) made.tool_choice = body.tool_choice;
  if (body.parallel_tool_calls !== undefined) made.parallel_tool_calls = body.parallel_tool_calls;
  const most = body.max_output_tokens;
  if (most !== undefined) made.max_completion_tokens = most;
  const effort = isObject(body.reasoning) ? body.reasoning.effort : undefined;
  if (effort !== undefined) made.reasoning_effort = effort;
  const format = isObject(body.text) ? body.text.format : undefined;
  if (isObject(format)) {
    const { type, ...named } = format;
    made.response_format =
      type === 'json_schema' ? { type, json_schema: named } : { type: type ?? 'text' };
  }
  return readAsk(made, vendor);
}

function toTool(tool: JsonObject): JsonObject[] {
  if (tool.type !== 'function') return [];
  const { name = '', parameters } = tool;
  return [{ type: 'function', function: { name, parameters: parameters ?? { type: 'object' } } }];
}

function toMessage(item: JsonObject): JsonObject[] {
  switch (item.type ?? 'message') {
    case 'message':
      return [{ role: item.role ?? 'user', content: toContent(item.content) }];
    case 'function_call': {
      const made = { name: item.name ?? '', arguments: item.arguments ?? '' };
      const call = { id: item.call_id ?? '', type: 'function', function: made };
      return [{ role: 'assistant', content: null, tool_calls: [call] }];
    }
    case 'function_call_output':
      return [{ role: 'tool', tool_call_id: item.call_id ?? '', content: toContent(item.output) }];
    default:
      return [];
  }
}

function toContent(content: Json | undefined): Json {
  if (!Array.isArray(content)) return content ?? '';
  return objectsOf(content).map((part): JsonObject => {
    if (part.type !== 'input_image') return { type: 'text', text: part.text ?? part.refusal ?? '' };
    const url = part.image_url ?? part.file_id ?? '';
    const detail = part.detail ?? 'auto';
    return { type: 'image_url', image_url: { url, detail } };
  });
}
