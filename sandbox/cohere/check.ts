/** What a request for Cohere's chat must look like: reference, guides and page of errors. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Complaint, field, first, invalid, missing, unsupported } from '../check.ts';
import { objectsOf, strangeMember, wrong } from '../complain.ts';

const FIELDS = [
  ...['model', 'messages', 'stream', 'tools', 'strict_tools', 'documents', 'citation_options'],
  ...['response_format', 'safety_mode', 'max_tokens', 'stop_sequences', 'temperature', 'seed'],
  ...['frequency_penalty', 'presence_penalty', 'k', 'p', 'logprobs', 'tool_choice', 'thinking'],
  ...['priority', 'raw_prompting', 'return_prompt'],
];
const STOPS_MAX = 5;
const K_MAX = 500;
const RANGES: readonly (readonly [string, number, number])[] = [
  ['temperature', 0, 1],
  ['frequency_penalty', 0, 1],
  ['presence_penalty', 0, 1],
  ['p', 0.01, 0.99],
  ['k', 0, K_MAX],
];
const WORDS: Readonly<Record<string, readonly string[]>> = {
  tool_choice: ['REQUIRED', 'NONE'],
  safety_mode: ['CONTEXTUAL', 'STRICT', 'OFF', 'NONE'],
};
const CITES = ['ENABLED', 'DISABLED', 'FAST', 'ACCURATE', 'OFF'];
const FLAGS = ['stream', 'strict_tools', 'logprobs'];
const PARTS: Readonly<Record<string, readonly string[]>> = {
  system: ['text'],
  user: ['text', 'image_url'],
  assistant: ['text', 'thinking'],
  tool: ['text', 'document'],
};

/** What is Cohere's own; what it shares with others is checked by them. */
export function checkOwn(body: JsonObject): Complaint | null {
  return first([
    () => {
      const strange = strangeMember(body, FIELDS);
      return strange === null ? null : unsupported(strange, 'is not known');
    },
    ...RANGES.map((range) => () => checkRange(body, range)),
    ...Object.entries(WORDS).map(
      ([name, words]) =>
        () =>
          checkWord(body, name, words),
    ),
    ...FLAGS.map((name) => () => {
      const value = field(body, name);
      return typeof (value ?? false) === 'boolean' ? null : invalid(name, 'must be a boolean');
    }),
    () => checkPenalties(body),
    () => {
      const stops = field(body, 'stop_sequences');
      const isOver = Array.isArray(stops) && stops.length > STOPS_MAX;
      return isOver ? invalid('stop_sequences', `at most ${STOPS_MAX} are allowed`) : null;
    },
    () => checkThinking(field(body, 'thinking')),
    () => checkCiting(field(body, 'citation_options')),
    () => checkDocuments(field(body, 'documents')),
    () => checkTools(body),
    () => checkFormat(body),
    () => checkTurns(body),
  ]);
}

function checkRange(
  body: JsonObject,
  [name, low, high]: readonly [string, number, number],
): Complaint | null {
  const value = field(body, name);
  if (value === undefined) return null;
  const fits = typeof value === 'number' && value >= low && value <= high;
  return fits ? null : invalid(name, `must be between ${low} and ${high} inclusive`);
}

function checkWord(body: JsonObject, name: string, words: readonly string[]): Complaint | null {
  const value = field(body, name);
  const fits = value === undefined || words.some((word) => word === value);
  return fits ? null : invalid(name, `must be one of ${words.join(', ')}`);
}

function checkPenalties(body: JsonObject): Complaint | null {
  const both = [body.frequency_penalty, body.presence_penalty].filter(Boolean);
  const words = 'cannot specify both frequency_penalty and presence_penalty.';
  return both.length === 2 ? wrong('frequency_penalty', words) : null;
}

function checkThinking(thinking: Json | undefined): Complaint | null {
  if (thinking === undefined) return null;
  if (!isObject(thinking)) return invalid('thinking', 'must be an object');
  const { type = 'enabled', token_budget: budget = 1 } = thinking;
  if (type !== 'enabled' && type !== 'disabled') {
    return invalid('thinking.type', 'must be one of enabled, disabled');
  }
  const fits = Number.isInteger(budget) && Number(budget) > 0;
  return fits ? null : invalid('thinking.token_budget', 'must be a positive integer');
}

function checkCiting(options: Json | undefined): Complaint | null {
  if (options === undefined) return null;
  if (!isObject(options)) return invalid('citation_options', 'must be an object');
  return checkWord(options, 'mode', CITES);
}

function checkDocuments(documents: Json | undefined): Complaint | null {
  if (documents === undefined) return null;
  if (!Array.isArray(documents)) return invalid('documents', 'must be an array');
  if (documents.length === 0) return wrong('documents', 'list of documents must not be empty');
  const ids = new Map<Json, number>();
  for (const [at, document] of documents.entries()) {
    if (typeof document === 'string' && document !== '') continue;
    const data = isObject(document) ? document.data : null;
    const isData = typeof data === 'string' || isObject(data ?? null);
    if (!isObject(document) || !isData) {
      return wrong('documents', `document at index ${at} cannot be empty`);
    }
    const id = document.id ?? null;
    if (id !== null && typeof id !== 'string') return invalid(`documents[${at}].id`, 'a string');
    const before = ids.get(id);
    if (id !== null && before !== undefined) {
      return wrong('documents', `duplicate document ID ${id} at index ${at} and ${before}`);
    }
    ids.set(id, at);
  }
  return null;
}

function checkTools(body: JsonObject): Complaint | null {
  for (const [at, tool] of objectsOf(field(body, 'tools')).entries()) {
    const made = isObject(tool.function ?? null) ? (tool.function as JsonObject) : {};
    const { parameters } = made;
    if (!isObject(parameters ?? null)) return missing(`tools[${at}].function.parameters`);
    const { required } = parameters as JsonObject;
    const lacks = !Array.isArray(required) || required.length === 0;
    if (body.strict_tools === true && lacks) {
      return invalid(`tools[${at}]`, 'strict_tools needs at least one required parameter');
    }
  }
  return null;
}

function checkFormat(body: JsonObject): Complaint | null {
  const format = field(body, 'response_format');
  if (!isObject(format ?? null) || (format as JsonObject).type !== 'json_object') return null;
  for (const name of ['tools', 'documents']) {
    if (field(body, name) === undefined) continue;
    return wrong('response_format', `response_format is not supported with ${name}.`);
  }
  const { json_schema: named, schema } = format as JsonObject;
  const asked = named ?? schema ?? null;
  if (asked === null) return null;
  if (!isObject(asked) || asked.type !== 'object') {
    return wrong('response_format.json_schema', 'schema must be an object');
  }
  return lacksRequired(asked)
    ? wrong('response_format.json_schema', 'every object must have a required field')
    : null;
}

function lacksRequired(schema: Json | undefined): boolean {
  if (Array.isArray(schema)) return schema.some(lacksRequired);
  if (!isObject(schema ?? null)) return false;
  const { required, properties, items, anyOf, $defs } = schema as JsonObject;
  const isBare = !Array.isArray(required) || required.length === 0;
  if (isObject(properties ?? null) && isBare) return true;
  const maps = [properties, $defs].filter((map) => isObject(map ?? null)) as JsonObject[];
  const inner = maps.flatMap((map) => Object.values(map));
  return [...inner, items, anyOf].some(lacksRequired);
}

function checkTurns(body: JsonObject): Complaint | null {
  let talked = false;
  for (const [at, message] of objectsOf(body.messages).entries()) {
    const { role, content } = message;
    if (role === 'system' && talked) {
      return wrong('messages', 'system turn must be the first in the list');
    }
    talked ||= role !== 'system';
    const kinds = PARTS[String(role)] ?? [];
    for (const [index, part] of objectsOf(content).entries()) {
      if (kinds.includes(String(part.type))) continue;
      const place = `messages[${at}].content[${index}].type`;
      return invalid(place, `must be one of ${kinds.join(', ')}`);
    }
  }
  return null;
}
