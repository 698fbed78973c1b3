/** Items of an input or an output as items of the common turn. */
import type { Json } from '../../kit/json.ts';
import { leftOver, needText, noForm, pathOf, type Spot, takeSpots, takeText } from '../spots.ts';
import type { Item } from '../turn.ts';
import { readContent } from './parts.ts';
import { type ReadSeal, readSeal } from './seals.ts';

const ROLES: Readonly<Record<string, 'system' | 'user' | 'assistant'>> = Object.freeze({
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
});
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = Object.freeze({
  message: new Set(['type', 'id', 'role', 'content', 'status', 'phase']),
  reasoning: new Set(['type', 'id', 'summary', 'content', 'encrypted_content', 'status']),
  function_call: new Set(['type', 'id', 'call_id', 'name', 'arguments', 'status', 'parsed']),
  function_call_output: new Set(['type', 'id', 'call_id', 'name', 'output', 'status']),
});

/** Reads items that follow each other: a proof may stand in an item of its own. */
export class ItemsReader {
  readonly #items: Item[] = [];
  readonly #callSeals = new Map<string, ReadSeal>();
  /** Fields without a common form, by path. */
  readonly others: Record<string, Json> = {};

  get items(): readonly Item[] {
    if (this.#callSeals.size === 0) return this.#items;
    return this.#items.map((item) => {
      const found = item.type === 'tool_call' ? this.#callSeals.get(item.id) : undefined;
      return found === undefined ? item : { ...item, seal: found.seal };
    });
  }

  addText(role: 'system' | 'user', text: string): void {
    this.#items.push({ type: 'message', role, content: [{ type: 'text', text }] });
  }

  add(spot: Spot): void {
    const type = takeText(spot, 'type') ?? 'message';
    const known = Object.hasOwn(KNOWN, type) ? KNOWN[type] : undefined;
    if (known === undefined) throw noForm(spot.path, mendOf(type));
    Object.assign(this.others, leftOver(spot, known));
    if (type === 'message') this.#addMessage(spot);
    else if (type === 'reasoning') this.#addReasoning(spot);
    else if (type === 'function_call') this.#addCall(spot);
    else this.#addResult(spot);
  }

  #addMessage(spot: Spot): void {
    const said = needText(spot, 'role');
    const role = ROLES[said];
    if (role === undefined) {
      throw noForm(
        pathOf(spot, 'role'),
        `send user, assistant, system or developer, not "${said}"`,
      );
    }
    const { content, refusal } = readContent(spot, 'content', this.others);
    if (content.length > 0 || refusal === null) {
      this.#items.push({ type: 'message', role, content });
    }
    if (refusal !== null) this.#items.push({ type: 'refusal', text: refusal });
  }

  #addReasoning(spot: Spot): void {
    const parts = [...takeSpots(spot, 'summary'), ...takeSpots(spot, 'content')];
    const text = parts.map((part) => takeText(part, 'text') ?? '').join('\n\n');
    const sealed = takeText(spot, 'encrypted_content');
    const read = sealed === null || sealed === '' ? null : readSeal(sealed);
    if (read !== null && read.callId !== null) {
      this.#callSeals.set(read.callId, read);
      return;
    }
    const redacted = read?.redacted ?? false;
    this.#items.push({ type: 'reasoning', text, seal: read?.seal ?? null, redacted });
  }

  #addCall(spot: Spot): void {
    this.#items.push({
      type: 'tool_call',
      id: needText(spot, 'call_id'),
      name: needText(spot, 'name'),
      arguments: needText(spot, 'arguments'),
      seal: null,
    });
  }

  #addResult(spot: Spot): void {
    const { content } = readContent(spot, 'output', this.others);
    const callId = needText(spot, 'call_id');
    const name = takeText(spot, 'name');
    this.#items.push({ type: 'tool_result', callId, name, content, isError: false });
  }
}

function mendOf(type: string): string {
  if (type === 'item_reference') return 'the item is not stored here; send it whole';
  return `send messages, reasoning, function_call and function_call_output, not "${type}"`;
}
