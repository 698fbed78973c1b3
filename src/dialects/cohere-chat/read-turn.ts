/** A request for a chat as a common turn. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { listAt, optionalNumber, wrong } from '../fields.ts';
import type { WireRequest } from '../shape.ts';
import {
  leftOver,
  needObject,
  needText,
  noForm,
  type Spot,
  takeFlag,
  takeNumber,
  takeObject,
  takeSpots,
  takeText,
  takeTexts,
} from '../spots.ts';
import type {
  ContentPart,
  Format,
  Item,
  MediaPart,
  Thinking,
  Tool,
  ToolChoice,
  Turn,
} from '../turn.ts';
import { DIALECT } from './marks.ts';
import { readMessage } from './read-messages.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'stream', 'tools', 'strict_tools', 'documents', 'response_format'],
  ...['max_tokens', 'stop_sequences', 'temperature', 'p', 'k', 'seed', 'frequency_penalty'],
  ...['presence_penalty', 'tool_choice', 'thinking', 'citation_options', 'logprobs'],
  ...['safety_mode'],
]);
const KNOWN_OF_THINKING: ReadonlySet<string> = new Set(['type', 'token_budget']);
/** The schema of an answer has no name in this format. */
const FORMAT_NAME = 'output';

export function readTurn({ body }: WireRequest): Turn {
  const spot: Spot = { of: body, path: '' };
  const messages = takeSpots(spot, 'messages').map(readMessage);
  const items = messages.flatMap((message) => message.items);
  return {
    items: withDocuments(items, readDocuments(body.documents, !CITES_OFF.has(citingMode(spot)))),
    tools: readTools(spot),
    toolChoice: readChoice(body.tool_choice),
    parallelTools: null,
    format: readFormat(spot),
    thinking: readThinking(spot),
    outputTokensMax: takeNumber(spot, 'max_tokens'),
    stop: takeTexts(spot, 'stop_sequences'),
    temperature: takeNumber(spot, 'temperature'),
    topP: takeNumber(spot, 'p'),
    // None is as if it were not said.
    topK: takeNumber(spot, 'k') || null,
    seed: takeNumber(spot, 'seed'),
    presencePenalty: takeNumber(spot, 'presence_penalty'),
    frequencyPenalty: takeNumber(spot, 'frequency_penalty'),
    choices: 1,
    user: null,
    serviceTier: null,
    metadata: null,
    others: Object.assign({}, ...messages.map(({ others }) => others), readOthers(spot)),
    origin: DIALECT,
  };
}

/** What is as if it were not said is not: defaults, and what is off. */
function readOthers(spot: Spot): Record<string, Json> {
  const body = spot.of;
  const others = leftOver(spot, KNOWN);
  const safety = takeText(spot, 'safety_mode');
  if (safety !== null && safety !== 'CONTEXTUAL') others.safety_mode = safety;
  if (takeFlag(spot, 'logprobs') === true) others.logprobs = true;
  const mode = citingMode(spot);
  if (mode !== 'ENABLED' && !CITES_OFF.has(mode)) {
    others.citation_options = body.citation_options ?? null;
  }
  if (others.priority === 0) delete others.priority;
  const thinking = takeObject(spot, 'thinking');
  if (thinking !== null) {
    Object.assign(others, leftOver({ of: thinking, path: 'thinking' }, KNOWN_OF_THINKING));
  }
  return others;
}

const CITES_OFF: ReadonlySet<string> = new Set(['OFF', 'DISABLED']);

function citingMode(spot: Spot): string {
  const of = takeObject(spot, 'citation_options');
  return of === null
    ? 'ENABLED'
    : (takeText({ of, path: 'citation_options' }, 'mode') ?? 'ENABLED');
}

/** Files to be cited, under the ids that the answer's citations will name. */
function readDocuments(value: Json | undefined, cite: boolean): readonly MediaPart[] {
  if (value === undefined || value === null) return [];
  return listAt(value, 'documents').map((one, at): MediaPart => {
    const fileOf = (name: string, text: string): MediaPart => textFile(name, text, cite);
    if (typeof one === 'string') return fileOf(`doc:${at}`, one);
    if (!isObject(one)) throw wrong(`documents[${at}]`, 'must be a text or an object');
    const id = typeof one.id === 'string' && one.id !== '' ? one.id : `doc:${at}`;
    if (typeof one.data === 'string') return fileOf(id, one.data);
    const data = needObject({ of: one, path: `documents[${at}]` }, 'data').of;
    return fileOf(id, JSON.stringify(data));
  });
}

/** Plain text, JSON or not: of all kinds of files that one is taken by the most formats. */
function textFile(filename: string, text: string, cite: boolean): MediaPart {
  const data = Buffer.from(text).toString('base64');
  const media = { at: 'inline', data, mediaType: 'text/plain' } as const;
  return { type: 'file', media, filename, ...(cite ? { cite } : {}) };
}

/** They are about the last question, so they stand before its words. */
function withDocuments(items: readonly Item[], documents: readonly MediaPart[]): readonly Item[] {
  if (documents.length === 0) return items;
  const at = items.findLastIndex((item) => item.type === 'message' && item.role === 'user');
  const asked = items[at];
  const said: readonly ContentPart[] = asked?.type === 'message' ? asked.content : [];
  const whole: Item = { type: 'message', role: 'user', content: [...documents, ...said] };
  if (at < 0) return [...items, whole];
  return [...items.slice(0, at), whole, ...items.slice(at + 1)];
}

function readTools(spot: Spot): readonly Tool[] {
  const strict = takeFlag(spot, 'strict_tools');
  return takeSpots(spot, 'tools').map((tool): Tool => {
    if (tool.of.type !== 'function') throw noForm(`${tool.path}.type`, 'send "function"');
    const made = needObject(tool, 'function');
    return {
      name: needText(made, 'name'),
      description: takeText(made, 'description'),
      parameters: takeObject(made, 'parameters'),
      strict,
    };
  });
}

const CHOICES: Readonly<Record<string, ToolChoice>> = {
  REQUIRED: { mode: 'required' },
  NONE: { mode: 'none' },
};

function readChoice(value: Json | undefined): ToolChoice | null {
  if (value === undefined || value === null) return null;
  const choice = typeof value === 'string' ? CHOICES[value] : undefined;
  if (choice === undefined) throw wrong('tool_choice', 'must be REQUIRED or NONE');
  return choice;
}

/** `schema` is how the vendor's guide writes what its reference calls `json_schema`. */
function readFormat(spot: Spot): Format | null {
  const format = takeObject(spot, 'response_format');
  if (format === null) return null;
  if (format.type === 'text') return { type: 'text' };
  if (format.type !== 'json_object') {
    throw wrong('response_format.type', 'must be text or json_object');
  }
  const place: Spot = { of: format, path: 'response_format' };
  const schema: JsonObject | null = takeObject(place, 'json_schema') ?? takeObject(place, 'schema');
  if (schema === null) return { type: 'json' };
  return { type: 'schema', name: FORMAT_NAME, description: null, schema, strict: true };
}

function readThinking(spot: Spot): Thinking | null {
  const thinking = takeObject(spot, 'thinking');
  if (thinking === null) return null;
  const { type } = thinking;
  const none = { effort: null, show: null };
  if (type === 'disabled') return { ...none, enabled: false, budgetTokens: null };
  if (type !== 'enabled' && type !== undefined) {
    throw wrong('thinking.type', 'must be enabled or disabled');
  }
  const budgetTokens = optionalNumber(thinking.token_budget, 'thinking.token_budget');
  return { ...none, enabled: type === 'enabled' ? true : null, budgetTokens };
}
