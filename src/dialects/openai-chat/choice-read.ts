/** Reads the deltas of one choice of a vendor's stream as common events. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { TurnEvent } from '../turn.ts';
import { readCitations, thoughtText } from './message-read.ts';
import { isOurs, ownSeal, readDetail } from './seals.ts';
import { readStop } from './usage.ts';

/** Tool calls in one answer, and pieces of details: bounds on what is remembered. */
const CALLS_MAX = 1_024;
const DETAILS_MAX = 1_024;

interface Call {
  readonly at: number;
  readonly id: string;
  readonly index: number | null;
}

export class ChoiceReader {
  readonly #choice: number;
  readonly #calls: Call[] = [];
  #events: TurnEvent[] = [];
  #count = 0;
  #open: { readonly at: number; readonly type: 'text' | 'reasoning' | 'refusal' } | null = null;
  #encrypted: string | null = null;
  #details: JsonObject[] = [];
  #refused = false;
  #word: Json | undefined;
  finished = false;

  constructor(choice: number) {
    this.#choice = choice;
  }

  read(choice: JsonObject): TurnEvent[] {
    this.#events = [];
    // A few vendors send their last words as a whole message.
    const delta = choice.delta ?? choice.message ?? null;
    if (isObject(delta) && !this.finished) this.#readDelta(delta);
    if (typeof choice.finish_reason === 'string' && !this.finished) {
      this.finished = true;
      this.#word = choice.finish_reason;
    }
    return this.#events;
  }

  /** After the last chunk: what is open closes, for some send their seals with the very last. */
  end(): TurnEvent[] {
    this.#events = [];
    const choice = this.#choice;
    if (this.#encrypted !== null || this.#details.length > 0) this.#openItem('reasoning');
    this.#close();
    for (const { at } of this.#calls) this.#events.push({ type: 'end', choice, at });
    const said = { calls: this.#calls.length > 0, refusal: this.#refused };
    const reason = readStop(this.#word, said);
    this.#events.push({ type: 'stop', choice, reason, stopSequence: null });
    return this.#events;
  }

  #readDelta(delta: JsonObject): void {
    this.#add('reasoning', thoughtText(delta));
    this.#readDetails(delta);
    if (Array.isArray(delta.content)) this.#readParts(delta.content as readonly Json[]);
    else if (typeof delta.content === 'string') this.#add('text', delta.content);
    if (typeof delta.refusal === 'string') this.#add('refusal', delta.refusal);
    for (const citation of readCitations(delta.annotations)) {
      const at = this.#openItem('text');
      this.#events.push({ type: 'citation', choice: this.#choice, at, citation });
    }
    const calls = Array.isArray(delta.tool_calls) ? (delta.tool_calls as readonly Json[]) : [];
    for (const call of calls) this.#readCall(call);
    if (isObject(delta.function_call)) this.#readCall({ function: delta.function_call });
  }

  #readParts(parts: readonly Json[]): void {
    for (const part of parts) {
      if (!isObject(part)) continue;
      if (part.type === 'thinking') {
        const inner = Array.isArray(part.thinking) ? (part.thinking as readonly Json[]) : [];
        if (typeof part.thinking === 'string') this.#add('reasoning', part.thinking);
        for (const piece of inner) this.#add('reasoning', textOf(piece));
      } else this.#add('text', textOf(part));
    }
  }

  #add(type: 'text' | 'reasoning' | 'refusal', text: string): void {
    if (text === '') return;
    const at = this.#openItem(type);
    if (type === 'refusal') this.#refused = true;
    this.#events.push({ type: 'delta', choice: this.#choice, at, text });
  }

  #openItem(type: 'text' | 'reasoning' | 'refusal'): number {
    if (this.#open?.type === type) return this.#open.at;
    this.#close();
    const at = this.#count++;
    this.#open = { at, type };
    this.#events.push({ type: 'begin', choice: this.#choice, at, item: { type } });
    return at;
  }

  #close(): void {
    if (this.#open === null) return;
    const { at, type } = this.#open;
    const choice = this.#choice;
    this.#open = null;
    if (type === 'reasoning') {
      const seal = ownSeal(this.#encrypted ?? undefined, joinDetails(this.#details));
      this.#encrypted = null;
      this.#details = [];
      if (seal !== null) this.#events.push({ type: 'seal', choice, at, seal, redacted: false });
    }
    this.#events.push({ type: 'end', choice, at });
  }

  #readDetails(delta: JsonObject): void {
    const { encrypted_content: encrypted, reasoning_details: details } = delta;
    if (typeof encrypted === 'string' && encrypted !== '') {
      this.#encrypted = (this.#encrypted ?? '') + encrypted;
    }
    if (!Array.isArray(details)) return;
    for (const detail of details as readonly Json[]) {
      if (!isObject(detail)) continue;
      if (isOurs(detail)) this.#readOurs(detail);
      else if (this.#details.length < DETAILS_MAX) this.#details.push(detail);
      else throw new Fault('vendor_malformed');
    }
  }

  /** A detail of ours comes whole, after the thoughts that it seals. */
  #readOurs(detail: JsonObject): void {
    const choice = this.#choice;
    const read = readDetail(detail);
    if (read.callId !== null) {
      const call = this.#calls.find(({ id }) => id === read.callId);
      const { seal } = read;
      if (call !== undefined) {
        this.#events.push({ type: 'seal', choice, at: call.at, seal, redacted: false });
      }
      return;
    }
    const { seal, redacted } = read.item;
    if (seal === null) return;
    // Hidden thoughts are an item of their own.
    if (redacted) this.#close();
    const at = this.#openItem('reasoning');
    this.#events.push({ type: 'seal', choice, at, seal, redacted });
    this.#close();
  }

  #readCall(call: Json): void {
    if (!isObject(call)) throw new Fault('vendor_malformed');
    const asked = isObject(call.function) ? call.function : {};
    const name = typeof asked.name === 'string' ? asked.name : '';
    const id = typeof call.id === 'string' ? call.id : '';
    const index = typeof call.index === 'number' ? call.index : null;
    const known = this.#findCall({ id, index, name });
    const { at } = known ?? this.#beginCall({ id, index, name });
    const text = asked.arguments;
    if (typeof text !== 'string' || text === '') return;
    this.#events.push({ type: 'delta', choice: this.#choice, at, text });
  }

  /** By index; where that is missing or always the same, by id; else it is the last one. */
  #findCall(look: { id: string; index: number | null; name: string }): Call | undefined {
    const { id, index, name } = look;
    const isNew = id !== '' && name !== '' && !this.#calls.some((call) => call.id === id);
    if (isNew) return undefined;
    if (index !== null) {
      const byIndex = this.#calls.findLast((call) => call.index === index);
      if (byIndex !== undefined || name !== '') return byIndex;
    }
    if (id !== '') return this.#calls.find((call) => call.id === id);
    return name === '' ? this.#calls.at(-1) : undefined;
  }

  #beginCall(look: { id: string; index: number | null; name: string }): Call {
    if (look.name === '' || this.#calls.length >= CALLS_MAX) throw new Fault('vendor_malformed');
    this.#close();
    const at = this.#count++;
    const id = look.id || `call_${this.#calls.length}`;
    const call = { at, id, index: look.index };
    this.#calls.push(call);
    const item = { type: 'tool_call', id, name: look.name } as const;
    this.#events.push({ type: 'begin', choice: this.#choice, at, item });
    return call;
  }
}

const textOf = (part: Json): string =>
  isObject(part) && typeof part.text === 'string' ? part.text : '';

const GROWING = ['text', 'summary', 'data', 'signature'] as const;

/** Pieces of one detail have the same index: their texts are joined. */
function joinDetails(pieces: readonly JsonObject[]): JsonObject[] {
  const whole: Record<string, Json>[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    const isSame =
      last !== undefined &&
      piece.index !== undefined &&
      last.index === piece.index &&
      last.type === piece.type;
    if (!isSame) {
      whole.push({ ...piece });
      continue;
    }
    for (const [field, value] of Object.entries(piece)) {
      const before = last[field];
      const grows = GROWING.some((one) => one === field) && typeof before === 'string';
      if (value !== null) last[field] = grows && typeof value === 'string' ? before + value : value;
    }
  }
  return whole;
}
