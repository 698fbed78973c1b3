/** Turns that follow each other: what a request refers to is put into its input. Pure. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import type { WireRequest } from '../shape.ts';
import { readRequest } from './request.ts';

const REFERENCE = 'item_reference';

/** The items of a request's own input; a text is a message of the user. */
export function ownItems({ body }: WireRequest): readonly JsonObject[] {
  const { input } = body;
  if (Array.isArray(input)) return input as readonly JsonObject[];
  const content = [{ type: 'input_text', text: String(input ?? '') }];
  return [{ type: 'message', role: 'user', content }];
}

/** Ids of items that the request names instead of saying them. */
export function referencesOf(items: readonly JsonObject[]): string[] {
  return items.flatMap((item) =>
    item.type === REFERENCE && typeof item.id === 'string' ? [item.id] : [],
  );
}

/** The same items with those that were only named. */
export function resolveItems(
  items: readonly JsonObject[],
  found: ReadonlyMap<string, JsonObject>,
): JsonObject[] {
  return items
    .map((item) => (item.type === REFERENCE ? (found.get(String(item.id)) ?? item) : item))
    .filter(isUsable);
}

/** Thoughts without a proof cannot be gone on from where nothing is kept at the vendor. */
function isUsable(item: JsonObject): boolean {
  return item.type !== 'reasoning' || typeof item.encrypted_content === 'string';
}

/** What was said in a turn that is over. */
export function turnItems(input: Json, response: Json): JsonObject[] {
  const output = isObject(response) ? response.output : [];
  const lists = [input, output ?? []].filter((list) => Array.isArray(list));
  return (lists.flat() as readonly Json[]).filter(isObject).filter(isUsable);
}

/** The request with this input, and no word of earlier turns. */
export function withInput(request: WireRequest, input: readonly JsonObject[]): WireRequest {
  const edits = new Map<string, FieldEdit>([['input', { value: input }]]);
  if (request.body.previous_response_id !== undefined) edits.set('previous_response_id', 'remove');
  const text = editFields(request, edits);
  return readRequest(text, Buffer.byteLength(text));
}

/** Ids of the items that a response has. */
export function itemIdsOf(response: JsonObject): string[] {
  const output = Array.isArray(response.output) ? (response.output as readonly Json[]) : [];
  return output.flatMap((item) => (isObject(item) && typeof item.id === 'string' ? [item.id] : []));
}

export function findItem(response: Json, id: string): JsonObject | undefined {
  const output = isObject(response) && Array.isArray(response.output) ? response.output : [];
  return (output as readonly Json[]).filter(isObject).find((item) => item.id === id);
}

const ID_PREFIXES: Readonly<Record<string, string>> = Object.freeze({
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  function_call_output: 'fco',
});

/** The items as they are listed: whole, and each with an id. */
export function listedItems(items: readonly JsonObject[], responseId: string): JsonObject[] {
  const core = responseId.replace(/^resp_/, '');
  return items.map((item, index) => {
    const type = typeof item.type === 'string' ? item.type : 'message';
    const prefix = ID_PREFIXES[type] ?? 'item';
    const id = typeof item.id === 'string' ? item.id : `${prefix}_in_${core}${index}`;
    const whole = { ...item, type, id, status: item.status ?? 'completed' };
    const { content } = item;
    if (type !== 'message' || typeof content !== 'string') return whole;
    const kind = item.role === 'assistant' ? 'output_text' : 'input_text';
    return { ...whole, content: [{ type: kind, text: content }] };
  });
}
