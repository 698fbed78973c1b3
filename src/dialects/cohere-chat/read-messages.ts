/** Messages of a talk, and those of an answer, as items of the common turn. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { plainMedia } from '../fields.ts';
import {
  leftOver,
  needObject,
  needText,
  noForm,
  pathOf,
  type Spot,
  takeSpots,
  takeText,
} from '../spots.ts';
import type { ContentPart, Item } from '../turn.ts';
import { isOfText, readCitation } from './citations.ts';
import { PLAN, THINKING } from './marks.ts';

export interface ReadMessage {
  readonly items: readonly Item[];
  /** Fields without a common form, by path. */
  readonly others: Record<string, Json>;
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['role', 'content', 'tool_calls', 'tool_plan', 'tool_call_id', 'citations'],
]);

export function readMessage(spot: Spot): ReadMessage {
  const others = leftOver(spot, KNOWN);
  const role = needText(spot, 'role');
  switch (role) {
    case 'system':
    case 'user':
      return { items: [{ type: 'message', role, content: readContent(spot) }], others };
    case 'assistant':
      return { items: readAssistant(spot), others };
    case 'tool': {
      const callId = needText(spot, 'tool_call_id');
      const content = readContent(spot);
      const item: Item = { type: 'tool_result', callId, name: null, content, isError: false };
      return { items: [item], others };
    }
    default:
      throw noForm(pathOf(spot, 'role'), 'send system, user, assistant or tool');
  }
}

function readContent(spot: Spot): readonly ContentPart[] {
  const { content } = spot.of;
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return takeSpots(spot, 'content').map(readPart);
}

function readPart(part: Spot): ContentPart {
  const type = needText(part, 'type');
  if (type === 'text') return { type: 'text', text: takeText(part, 'text') ?? '' };
  if (type === 'document') return { type: 'text', text: documentText(part) };
  if (type !== 'image_url') {
    throw noForm(pathOf(part, 'type'), `send text, image_url or document, not "${type}"`);
  }
  const image = needObject(part, 'image_url');
  const media = plainMedia({ at: 'url', url: needText(image, 'url'), mediaType: null });
  const detail = takeText(image, 'detail');
  return { type: 'image', media, ...(detail === null ? {} : { detail }) };
}

/** What a tool answered as a document is told as text, which every format takes from a tool. */
function documentText(part: Spot): string {
  const { data } = needObject(part, 'document').of;
  return typeof data === 'string' ? data : JSON.stringify(data ?? {});
}

/** Thoughts and words in their order, then the plan, then the calls that it is about. */
export function readAssistant(spot: Spot): readonly Item[] {
  const items: Item[] = [];
  let words: ContentPart[] = [];
  const close = (): void => {
    if (words.length > 0) items.push({ type: 'message', role: 'assistant', content: words });
    words = [];
  };
  const cited = citationsOf(spot.of);
  for (const [index, block] of blocksOf(spot).entries()) {
    if (block.of.type === 'thinking') {
      close();
      const text = takeText(block, 'thinking') ?? '';
      items.push({ type: 'reasoning', text, seal: THINKING, redacted: false });
    } else words.push(readWords(block, cited(index)));
  }
  close();
  const plan = takeText(spot, 'tool_plan') ?? '';
  if (plan !== '') items.push({ type: 'reasoning', text: plan, seal: PLAN, redacted: false });
  return [...items, ...takeSpots(spot, 'tool_calls').map(readCall)];
}

/** An empty text beside calls says nothing. */
function blocksOf(spot: Spot): readonly Spot[] {
  const { content, tool_calls: calls } = spot.of;
  if (typeof content !== 'string') return takeSpots(spot, 'content');
  if (content === '' && Array.isArray(calls) && calls.length > 0) return [];
  return [{ of: { type: 'text', text: content }, path: pathOf(spot, 'content') }];
}

function readWords(block: Spot, cited: readonly JsonObject[]): ContentPart {
  if (block.of.type !== 'text') throw noForm(pathOf(block, 'type'), 'send text or thinking');
  const text = takeText(block, 'text') ?? '';
  const citations = cited.flatMap((one) => readCitation(one, text));
  return { type: 'text', text, ...(citations.length === 0 ? {} : { citations }) };
}

/** Those of each block of text; where none is named it is the first one. */
function citationsOf({ content, citations }: JsonObject): (index: number) => JsonObject[] {
  const blocks = Array.isArray(content) ? (content as readonly Json[]) : [];
  const first = blocks.findIndex((block) => isObject(block) && block.type === 'text');
  const list = Array.isArray(citations) ? (citations as readonly Json[]) : [];
  const known = list.filter(isObject).filter(isOfText);
  return (index) => known.filter(({ content_index: at }) => (at ?? Math.max(0, first)) === index);
}

/** Tools without parameters are called with nothing, or with the word null. */
function readCall(call: Spot): Item {
  const made = needObject(call, 'function');
  const written = takeText(made, 'arguments') ?? '';
  return {
    type: 'tool_call',
    id: needText(call, 'id'),
    name: needText(made, 'name'),
    arguments: written === '' || written === 'null' ? '{}' : written,
    seal: null,
  };
}
