/** Items as messages: a whole conversation for a vendor. */
import type { Json, JsonObject } from '../../kit/json.ts';
import type { Omissions } from '../omissions.ts';
import { filled } from '../spots.ts';
import type { ContentPart, Item, MediaPart } from '../turn.ts';
import { writeContent } from './parts.ts';
import { openOwn } from './seals.ts';

type Of<Type extends Item['type']> = Extract<Item, { type: Type }>;

/** What one assistant message is gathered from. */
interface Gathered {
  readonly thoughts: Of<'reasoning'>[];
  readonly texts: ContentPart[];
  readonly refusals: string[];
  readonly calls: Of<'tool_call'>[];
  name: string | null;
  said: boolean;
}

export interface MessageWish {
  readonly omissions: Omissions;
  /** The field in which this vendor takes its thoughts back. */
  readonly thoughtsBack: string | undefined;
}

export function writeMessages(items: readonly Item[], wish: MessageWish): JsonObject[] {
  return new Conversation(wish).write(items);
}

class Conversation {
  readonly #wish: MessageWish;
  readonly #out: JsonObject[] = [];
  #own: Gathered | null = null;
  /** What tools answered in pictures: it follows the last of the answers. */
  #shown: MediaPart[] = [];

  constructor(wish: MessageWish) {
    this.#wish = wish;
  }

  write(items: readonly Item[]): JsonObject[] {
    for (const item of items) this.#add(item);
    this.#close();
    this.#show();
    return this.#out;
  }

  #add(item: Item): void {
    if (item.type === 'tool_result') {
      this.#close();
      this.#addResult(item);
      return;
    }
    this.#show();
    if (item.type === 'message' && item.role !== 'assistant') {
      this.#close();
      const content = writeContent(item.content, this.#wish.omissions);
      const { role, name } = item;
      this.#out.push(filled({ role, content: flatten(role, content), name }));
    } else this.#gather(item);
  }

  /** Words or thoughts after words begin a new message, calls that wait for results do not. */
  #gather(item: Exclude<Item, Of<'tool_result'>>): void {
    const follows = item.type === 'message' || item.type === 'reasoning';
    if (follows && this.#own?.said && this.#own.calls.length === 0) this.#close();
    this.#own ??= { thoughts: [], texts: [], refusals: [], calls: [], name: null, said: false };
    const own = this.#own;
    if (item.type === 'reasoning') own.thoughts.push(item);
    else if (item.type === 'tool_call') own.calls.push(item);
    else {
      own.said = true;
      if (item.type === 'refusal') own.refusals.push(item.text);
      else {
        own.texts.push(...item.content);
        own.name = item.name ?? null;
      }
    }
  }

  #close(): void {
    const own = this.#own;
    this.#own = null;
    if (own === null) return;
    const content = flatten('assistant', writeContent(own.texts, this.#wish.omissions));
    // A message of nothing but thoughts that nobody takes back would be empty.
    const thoughts = this.#writeThoughts(own.thoughts);
    const isEmpty = !own.said && own.calls.length === 0 && Object.keys(thoughts).length === 0;
    if (isEmpty) return;
    const isSilent = own.texts.length === 0 && (own.calls.length > 0 || own.refusals.length > 0);
    this.#out.push({
      role: 'assistant',
      content: isSilent ? null : content,
      ...(own.name === null ? {} : { name: own.name }),
      ...(own.refusals.length === 0 ? {} : { refusal: own.refusals.join('') }),
      ...thoughts,
      ...(own.calls.length === 0 ? {} : { tool_calls: own.calls.map(writeCall) }),
    });
  }

  #writeThoughts(thoughts: readonly Of<'reasoning'>[]): JsonObject {
    const fields: Record<string, Json> = {};
    const { thoughtsBack } = this.#wish;
    const text = thoughts.map((item) => item.text).join('');
    if (thoughtsBack !== undefined && text !== '') fields[thoughtsBack] = text;
    for (const { seal } of thoughts) Object.assign(fields, openOwn(seal));
    return fields;
  }

  #addResult(item: Of<'tool_result'>): void {
    const { omissions } = this.#wish;
    const texts = item.content.filter((part) => part.type === 'text');
    const media = item.content.filter((part) => part.type !== 'text');
    if (media.length > 0) {
      this.#shown.push(...media);
      omissions.warn('What a tool answered beside text is sent as a message of the user.');
    }
    if (item.isError) omissions.warn('That a tool failed is told by its words alone.');
    const content = flatten('tool', writeContent(texts, omissions));
    this.#out.push({ role: 'tool', tool_call_id: item.callId, content });
  }

  #show(): void {
    if (this.#shown.length === 0) return;
    this.#out.push({ role: 'user', content: writeContent(this.#shown, this.#wish.omissions) });
    this.#shown = [];
  }
}

/** What joins the texts of one message where vendors want a single one. */
const JOINTS: Readonly<Record<string, string>> = Object.freeze({
  system: '\n\n',
  assistant: '',
  tool: '\n',
});

/** Parts are for users: elsewhere not every vendor takes them. */
function flatten(role: string, content: Json): Json {
  const joint = JOINTS[role];
  if (joint === undefined || !Array.isArray(content)) return content;
  const parts = content as readonly JsonObject[];
  return parts.every((part) => part.type === 'text')
    ? parts.map((part) => part.text).join(joint)
    : content;
}

export function writeCall(call: Of<'tool_call'>): JsonObject {
  const written = call.arguments === '' ? '{}' : call.arguments;
  return {
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: written },
  };
}
