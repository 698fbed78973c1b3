/** Reads a vendor's stream of events as common events. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ServerEvent } from '../../kit/sse.ts';
import type { ErrorReader, EventReader } from '../shape.ts';
import type { TurnEvent } from '../turn.ts';
import { readAnnotation } from './parts.ts';
import { readSeal } from './seals.ts';
import { readStop, readUsage } from './usage.ts';
import { throwFailure } from './watch.ts';

/** Items and parts of one answer: bounds what is remembered. */
const PARTS_MAX = 10_000;
const PART_JOINT = '\n\n';

type Kind = 'text' | 'refusal' | 'reasoning' | 'tool_call';

interface Part {
  readonly at: number;
  readonly type: Kind;
  /** Whether anything of it came, and from which part of it: parts of thoughts are joined. */
  grown: boolean;
  piece: number;
}

export class ResponsesEventReader implements EventReader {
  readonly #readError: ErrorReader;
  /** By item and part of it: `output_index/content_index`; thoughts and calls have one. */
  readonly #parts = new Map<string, Part>();
  #events: TurnEvent[] = [];
  readonly #kinds = new Set<Kind>();
  #count = 0;
  #last: JsonObject | null = null;
  #said = false;
  usage: Json | null = null;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  read(event: ServerEvent): readonly TurnEvent[] {
    if (event.data === null || event.data.startsWith('[DONE]')) return [];
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    this.#said = true;
    const type = typeof body.type === 'string' ? body.type : event.name;
    throwFailure(type, body, this.#readError);
    this.#events = [];
    if (Object.hasOwn(this.#steps, type)) this.#steps[type]?.(body);
    return this.#events;
  }

  end(): readonly TurnEvent[] {
    if (this.#last === null) throw new Fault(this.#said ? 'vendor_cut' : 'vendor_empty');
    this.#events = [];
    for (const key of [...this.#parts.keys()]) this.#end(key);
    const said = { calls: this.#kinds.has('tool_call'), refusal: this.#kinds.has('refusal') };
    const reason = readStop(this.#last, said);
    this.#events.push({ type: 'stop', choice: 0, reason, stopSequence: null });
    const usage = readUsage(this.#last.usage);
    if (usage !== null) this.#events.push({ type: 'usage', usage });
    return this.#events;
  }

  /** What each kind of event does; kinds that are not here say nothing new. */
  readonly #steps: Readonly<Record<string, (body: JsonObject) => void>> = {
    'response.created': (body) => this.#start(body.response),
    'response.output_item.added': (body) => this.#addItem(body),
    'response.output_text.delta': (body) => this.#grow(this.#openPart(body, 'text'), body.delta),
    'response.output_text.done': (body) => this.#complete(this.#openPart(body, 'text'), body.text),
    'response.output_text.annotation.added': (body) => this.#cite(body),
    'response.refusal.delta': (body) => this.#grow(this.#openPart(body, 'refusal'), body.delta),
    'response.refusal.done': (body) =>
      this.#complete(this.#openPart(body, 'refusal'), body.refusal),
    'response.content_part.done': (body) => this.#end(partKey(body)),
    'response.reasoning_summary_text.delta': (body) => this.#think(body),
    'response.reasoning_text.delta': (body) => this.#think(body),
    'response.function_call_arguments.delta': (body) =>
      this.#grow(this.#find(itemKey(body)), body.delta),
    'response.function_call_arguments.done': (body) =>
      this.#complete(this.#find(itemKey(body)), body.arguments),
    'response.output_item.done': (body) => this.#endItem(body),
    'response.completed': (body) => this.#finish(body.response),
    'response.incomplete': (body) => this.#finish(body.response),
  };

  #start(response: Json | undefined): void {
    const of = isObject(response) ? response : {};
    const id = typeof of.id === 'string' ? of.id : '';
    const model = typeof of.model === 'string' ? of.model : '';
    this.#events.push({ type: 'start', id, model });
  }

  #finish(response: Json | undefined): void {
    if (!isObject(response)) throw new Fault('vendor_malformed');
    this.#last = response;
    if (isObject(response.usage)) this.usage = response;
  }

  #addItem(body: JsonObject): void {
    const { item } = body;
    const index = itemKey(body);
    if (!isObject(item)) throw new Fault('vendor_malformed');
    if (item.type === 'reasoning') this.#open(index, 'reasoning');
    if (item.type !== 'function_call') return;
    const { call_id: id, name } = item;
    if (typeof id !== 'string' || typeof name !== 'string') throw new Fault('vendor_malformed');
    const at = this.#remember(index, 'tool_call');
    this.#events.push({ type: 'begin', choice: 0, at, item: { type: 'tool_call', id, name } });
  }

  #remember(key: string, type: Kind): number {
    if (this.#count >= PARTS_MAX) throw new Fault('vendor_malformed');
    const at = this.#count++;
    this.#parts.set(key, { at, type, grown: false, piece: 0 });
    this.#kinds.add(type);
    return at;
  }

  #openPart(body: JsonObject, type: 'text' | 'refusal'): Part {
    return this.#open(partKey(body), type);
  }

  #open(key: string, type: 'text' | 'refusal' | 'reasoning'): Part {
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const at = this.#remember(key, type);
    this.#events.push({ type: 'begin', choice: 0, at, item: { type } });
    return this.#find(key);
  }

  #find(key: string): Part {
    const part = this.#parts.get(key);
    if (part === undefined) throw new Fault('vendor_malformed');
    return part;
  }

  #grow(part: Part, text: Json | undefined): void {
    if (typeof text !== 'string' || text === '') return;
    part.grown = true;
    this.#events.push({ type: 'delta', choice: 0, at: part.at, text });
  }

  /** Where nothing came in pieces, it comes whole. */
  #complete(part: Part, text: Json | undefined): void {
    if (!part.grown) this.#grow(part, text);
  }

  #think(body: JsonObject): void {
    const part = this.#open(itemKey(body), 'reasoning');
    const piece = Number(body.summary_index ?? body.content_index ?? 0);
    if (part.grown && piece !== part.piece) this.#grow(part, PART_JOINT);
    part.piece = piece;
    this.#grow(part, body.delta);
  }

  #cite(body: JsonObject): void {
    const part = this.#openPart(body, 'text');
    const citation = isObject(body.annotation) ? readAnnotation(body.annotation) : null;
    if (citation === null) return;
    this.#events.push({ type: 'citation', choice: 0, at: part.at, citation });
  }

  #end(key: string): void {
    const part = this.#parts.get(key);
    if (part === undefined) return;
    this.#parts.delete(key);
    this.#events.push({ type: 'end', choice: 0, at: part.at });
  }

  #endItem(body: JsonObject): void {
    const index = itemKey(body);
    const of = isObject(body.item) ? body.item : {};
    const part = this.#parts.get(index);
    if (part?.type === 'reasoning') this.#endThoughts(part, of);
    if (part?.type === 'tool_call') this.#complete(part, of.arguments);
    const inside = [...this.#parts.keys()].filter((key) => key.startsWith(`${index}/`));
    for (const key of [...inside, index]) this.#end(key);
  }

  #endThoughts(part: Part, item: JsonObject): void {
    const summary = Array.isArray(item.summary) ? (item.summary as readonly Json[]) : [];
    const texts = summary.map((one) => (isObject(one) ? String(one.text ?? '') : ''));
    this.#complete(part, texts.join(PART_JOINT));
    const sealed = item.encrypted_content;
    if (typeof sealed !== 'string' || sealed === '') return;
    const { seal, redacted } = readSeal(sealed);
    this.#events.push({ type: 'seal', choice: 0, at: part.at, seal, redacted });
  }
}

const itemKey = (body: JsonObject): string => String(body.output_index ?? 0);
const partKey = (body: JsonObject): string => `${itemKey(body)}/${String(body.content_index ?? 0)}`;
