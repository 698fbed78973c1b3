/** Reads the events of ConverseStream, once they are out of their binary frames. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ServerEvent } from '../../kit/sse.ts';
import type { ErrorReader, EventReader } from '../shape.ts';
import type { TurnEvent } from '../turn.ts';
import { CONVERSE } from './blocks.ts';
import { readStop, readUsage } from './reply.ts';

/** Blocks of one answer: bounds what is remembered. */
const BLOCKS_MAX = 10_000;

export class ConverseEventReader implements EventReader {
  readonly #readError: ErrorReader;
  /** Open blocks by their index. */
  readonly #open = new Map<number, number>();
  #events: TurnEvent[] = [];
  #count = 0;
  #stop: Json | undefined;
  #said = false;
  usage: Json | null = null;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  read(event: ServerEvent): readonly TurnEvent[] {
    if (event.data === null) return [];
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (event.name === 'error') throw this.#readError(body);
    this.#events = [];
    if (event.name === 'messageStart') {
      this.#said = true;
      this.#events.push({ type: 'start', id: '', model: '' });
    } else if (event.name === 'contentBlockStart') this.#start(body);
    else if (event.name === 'contentBlockDelta') this.#delta(body);
    else if (event.name === 'contentBlockStop') this.#end(indexOf(body));
    else if (event.name === 'messageStop') this.#stop = body.stopReason ?? 'end_turn';
    else if (event.name === 'metadata' && isObject(body.usage)) this.usage = body;
    return this.#events;
  }

  end(): readonly TurnEvent[] {
    if (this.#stop === undefined) throw new Fault(this.#said ? 'vendor_cut' : 'vendor_empty');
    this.#events = [];
    for (const index of [...this.#open.keys()]) this.#end(index);
    const reason = readStop(this.#stop);
    this.#events.push({ type: 'stop', choice: 0, reason, stopSequence: null });
    const usage = isObject(this.usage) ? readUsage(this.usage.usage) : null;
    if (usage !== null) this.#events.push({ type: 'usage', usage });
    return this.#events;
  }

  #start(body: JsonObject): void {
    const tool = isObject(body.start) ? body.start.toolUse : undefined;
    if (!isObject(tool)) return;
    const { toolUseId: id, name } = tool;
    if (typeof id !== 'string' || typeof name !== 'string') throw new Fault('vendor_malformed');
    this.#begin(indexOf(body), { type: 'tool_call', id, name });
  }

  #delta(body: JsonObject): void {
    const index = indexOf(body);
    const delta = isObject(body.delta) ? body.delta : {};
    if (typeof delta.text === 'string') this.#grow(this.#block(index, 'text'), delta.text);
    if (isObject(delta.toolUse) && typeof delta.toolUse.input === 'string') {
      const at = this.#open.get(index);
      if (at === undefined) throw new Fault('vendor_malformed');
      this.#grow(at, delta.toolUse.input);
    }
    if (isObject(delta.reasoningContent)) this.#think(index, delta.reasoningContent);
  }

  #think(index: number, { text, signature, redactedContent }: JsonObject): void {
    const at = this.#block(index, 'reasoning');
    if (typeof text === 'string') this.#grow(at, text);
    for (const [value, redacted] of [
      [signature, false],
      [redactedContent, true],
    ] as const) {
      if (typeof value !== 'string') continue;
      const seal = { dialect: CONVERSE, value };
      this.#events.push({ type: 'seal', choice: 0, at, seal, redacted });
    }
  }

  /** Only tools say when they begin. */
  #block(index: number, type: 'text' | 'reasoning'): number {
    return this.#open.get(index) ?? this.#begin(index, { type });
  }

  #begin(index: number, item: Extract<TurnEvent, { type: 'begin' }>['item']): number {
    if (this.#count >= BLOCKS_MAX) throw new Fault('vendor_malformed');
    const at = this.#count++;
    this.#open.set(index, at);
    this.#events.push({ type: 'begin', choice: 0, at, item });
    return at;
  }

  #grow(at: number, text: string): void {
    if (text !== '') this.#events.push({ type: 'delta', choice: 0, at, text });
  }

  #end(index: number): void {
    const at = this.#open.get(index);
    if (at === undefined) return;
    this.#open.delete(index);
    this.#events.push({ type: 'end', choice: 0, at });
  }
}

const indexOf = (body: JsonObject): number =>
  typeof body.contentBlockIndex === 'number' ? body.contentBlockIndex : 0;
