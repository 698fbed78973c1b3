/** Items of one message: a caller's, or a vendor's answer. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { leftOver, needText, noForm, pathOf, type Spot, takeSpots, takeText } from '../spots.ts';
import type { Citation, ContentPart, Item, Seal } from '../turn.ts';
import { readContent } from './parts.ts';
import { readSeals } from './seals.ts';

export interface ReadMessage {
  readonly items: readonly Item[];
  /** Fields without a common form, by path. */
  readonly others: Record<string, Json>;
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['role', 'content', 'name', 'refusal', 'tool_calls', 'tool_call_id', 'annotations'],
  ...['reasoning_content', 'reasoning', 'reasoning_details', 'encrypted_content'],
  // What clients make of an answer and send back with it.
  ...['parsed', 'id'],
]);

export function readMessage(spot: Spot): ReadMessage {
  const role = needText(spot, 'role');
  if (role === 'assistant') {
    const read = readAssistant(spot);
    return { items: read.items, others: { ...read.others, ...leftOver(spot, KNOWN) } };
  }
  const { content, others } = readContent(spot);
  Object.assign(others, leftOver(spot, KNOWN));
  const name = takeText(spot, 'name');
  if (role === 'tool') {
    const callId = needText(spot, 'tool_call_id');
    return { items: [{ type: 'tool_result', callId, name, content, isError: false }], others };
  }
  const known = ROLES[role];
  if (known === undefined) {
    throw noForm(pathOf(spot, 'role'), `send system, user, assistant or tool, not "${role}"`);
  }
  const named = name === null ? {} : { name };
  return { items: [{ type: 'message', role: known, content, ...named }], others };
}

const ROLES: Readonly<Record<string, 'system' | 'user'>> = Object.freeze({
  system: 'system',
  developer: 'system',
  user: 'user',
});

/** Thoughts, then words, then calls: in which order they came, this format does not say. */
export function readAssistant(spot: Spot): ReadMessage {
  const parts = readContent(spot);
  const seals = readSeals(spot.of);
  const items: Item[] = [...seals.thoughts];
  const plain = thoughtText(spot.of) || parts.thoughts;
  const said = seals.thoughts.some(({ text }) => text !== '');
  if (seals.own !== null || (plain !== '' && !said)) {
    const text = said ? '' : plain;
    items.unshift({ type: 'reasoning', text, seal: seals.own, redacted: false });
  }
  const refusal = takeText(spot, 'refusal') ?? parts.refusal;
  const calls = readCalls(spot, seals.calls);
  const content = withCitations(parts.content, readCitations(spot.of.annotations));
  const isEmpty = content.every((part) => part.type === 'text' && part.text === '');
  const name = takeText(spot, 'name');
  const named = name === null ? {} : { name };
  if (!isEmpty || (items.length === 0 && refusal === null && calls.length === 0)) {
    const shown = isEmpty ? [] : content;
    items.push({ type: 'message', role: 'assistant', content: shown, ...named });
  }
  if (refusal !== null && refusal !== '') items.push({ type: 'refusal', text: refusal });
  return { items: [...items, ...calls], others: parts.others };
}

/** Under which names vendors show thoughts. */
export function thoughtText(message: JsonObject): string {
  for (const field of ['reasoning_content', 'reasoning'] as const) {
    const value = message[field];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

function readCalls(spot: Spot, seals: ReadonlyMap<string, Seal>): Item[] {
  return takeSpots(spot, 'tool_calls').map((call) => {
    if (!isObject(call.of.function)) {
      throw noForm(call.path, 'send calls of type "function"');
    }
    const asked = { of: call.of.function, path: pathOf(call, 'function') };
    const id = needText(call, 'id');
    const seal = seals.get(id) ?? null;
    const written = takeText(asked, 'arguments') ?? '';
    return { type: 'tool_call', id, name: needText(asked, 'name'), arguments: written, seal };
  });
}

/** Those with an address; others have no form here. */
export function readCitations(annotations: Json | undefined): Citation[] {
  if (!Array.isArray(annotations)) return [];
  return (annotations as readonly Json[]).flatMap((annotation) => {
    const of = isObject(annotation) ? annotation.url_citation : null;
    if (!isObject(of ?? null)) return [];
    const { url, title, start_index: start, end_index: end } = of as JsonObject;
    return [
      {
        url: typeof url === 'string' ? url : null,
        title: typeof title === 'string' ? title : null,
        start: typeof start === 'number' ? start : null,
        end: typeof end === 'number' ? end : null,
        quote: null,
      },
    ];
  });
}

function withCitations(content: ContentPart[], citations: Citation[]): ContentPart[] {
  const [first, ...rest] = content;
  if (citations.length === 0 || first?.type !== 'text') return content;
  return [{ ...first, citations }, ...rest];
}
