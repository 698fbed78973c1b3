/** A vendor's stream of this format as common events. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ServerEvent } from '../../kit/sse.ts';
import type { ErrorReader, EventReader } from '../shape.ts';
import type { TurnEvent } from '../turn.ts';
import { DIALECT, readCitation } from './blocks.ts';
import { isErrorBody } from './reply.ts';
import { readRefusal, readStop, readUsage } from './usage.ts';

/** A block that is under way. */
interface Open {
  readonly at: number;
  readonly isCall: boolean;
  /** What the call was begun with, for vendors that never send its arguments apart. */
  readonly input: Json;
  said: boolean;
}

/**
 * The usage of a stream stands in two events, each with a part of it: later counts replace earlier
 * ones, and what is null says nothing.
 */
export function mergeUsage(before: JsonObject, more: Json | undefined): JsonObject {
  if (!isObject(more)) return before;
  const said = Object.entries(more).filter(([, value]) => value !== null);
  return { ...before, ...Object.fromEntries(said) };
}

export class MessageReader implements EventReader {
  readonly #readError: ErrorReader;
  readonly #open = new Map<Json, Open>();
  #usage: JsonObject = {};
  #at = 0;
  #started = false;
  #stopped = false;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  get usage(): Json | null {
    return typeof this.#usage.output_tokens === 'number' ? { usage: this.#usage } : null;
  }

  read(event: ServerEvent): readonly TurnEvent[] {
    if (event.data === null) return [];
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (event.name === 'error' || isErrorBody(body)) throw this.#readError(body);
    switch (body.type) {
      case 'message_start':
        return this.#start(isObject(body.message) ? body.message : {});
      case 'content_block_start':
        return this.#begin(
          body.index ?? null,
          isObject(body.content_block) ? body.content_block : {},
        );
      case 'content_block_delta':
        return this.#delta(body.index ?? null, isObject(body.delta) ? body.delta : {});
      case 'content_block_stop':
        return this.#end(body.index ?? null);
      case 'message_delta':
        return this.#stop(body);
      default:
        // Pings, the end of the message, and what is not known yet.
        return [];
    }
  }

  end(): readonly TurnEvent[] {
    if (!this.#stopped) throw new Fault('vendor_cut');
    return [];
  }

  /** Some gateways repeat it; the first one counts. */
  #start(message: JsonObject): TurnEvent[] {
    this.#usage = mergeUsage(this.#usage, message.usage);
    if (this.#started) return [];
    this.#started = true;
    const { id, model } = message;
    const start: TurnEvent = {
      type: 'start',
      id: typeof id === 'string' ? id : '',
      model: typeof model === 'string' ? model : '',
    };
    return [start, ...this.#counted()];
  }

  #counted(): TurnEvent[] {
    const usage = readUsage(this.#usage);
    return usage === null ? [] : [{ type: 'usage', usage }];
  }

  #begin(index: Json, block: JsonObject): TurnEvent[] {
    const item = itemOf(block);
    if (item === null) return [];
    const at = this.#at;
    this.#at += 1;
    const isCall = item.type === 'tool_call';
    const open: Open = { at, isCall, input: block.input ?? {}, said: false };
    const events: TurnEvent[] = [...this.#end(index), { type: 'begin', choice: 0, at, item }];
    this.#open.set(index, open);
    if (block.type === 'redacted_thinking' && typeof block.data === 'string') {
      const seal = { dialect: DIALECT, value: block.data };
      events.push({ type: 'seal', choice: 0, at, seal, redacted: true });
    }
    const text = block.type === 'text' ? block.text : block.thinking;
    return [...events, ...this.#say(open, text)];
  }

  #say(open: Open, text: Json | undefined): TurnEvent[] {
    if (typeof text !== 'string' || text === '') return [];
    open.said = true;
    return [{ type: 'delta', choice: 0, at: open.at, text }];
  }

  #delta(index: Json, delta: JsonObject): TurnEvent[] {
    const open = this.#open.get(index);
    if (open === undefined) return [];
    const place = { choice: 0, at: open.at };
    switch (delta.type) {
      case 'text_delta':
        return this.#say(open, delta.text);
      case 'thinking_delta':
        return this.#say(open, delta.thinking);
      case 'input_json_delta':
        return this.#say(open, delta.partial_json);
      case 'signature_delta': {
        if (typeof delta.signature !== 'string' || delta.signature === '') return [];
        const seal = { dialect: DIALECT, value: delta.signature };
        return [{ type: 'seal', ...place, seal, redacted: false }];
      }
      case 'citations_delta': {
        const citation = readCitation(delta.citation ?? null);
        return citation === null ? [] : [{ type: 'citation', ...place, citation }];
      }
      default:
        return [];
    }
  }

  /** A call without arguments sends none, or an empty text: the common form always has an object. */
  #end(index: Json): TurnEvent[] {
    const open = this.#open.get(index);
    if (open === undefined) return [];
    this.#open.delete(index);
    const unsaid = open.isCall && !open.said ? this.#say(open, JSON.stringify(open.input)) : [];
    return [...unsaid, { type: 'end', choice: 0, at: open.at }];
  }

  #stop(body: JsonObject): TurnEvent[] {
    this.#usage = mergeUsage(this.#usage, body.usage);
    const delta = isObject(body.delta) ? body.delta : {};
    if (typeof delta.stop_reason !== 'string' || this.#stopped) return this.#counted();
    this.#stopped = true;
    const events = [...this.#open.keys()].flatMap((index) => this.#end(index));
    const refusal = readRefusal(delta.stop_details);
    if (refusal !== null) events.push(...this.#refuse(refusal));
    const sequence = typeof delta.stop_sequence === 'string' ? delta.stop_sequence : null;
    const reason = readStop(delta.stop_reason);
    events.push({ type: 'stop', choice: 0, reason, stopSequence: sequence });
    return [...events, ...this.#counted()];
  }

  #refuse(text: string): TurnEvent[] {
    const place = { choice: 0, at: this.#at };
    this.#at += 1;
    return [
      { type: 'begin', ...place, item: { type: 'refusal' } },
      { type: 'delta', ...place, text },
      { type: 'end', ...place },
    ];
  }
}

type Begun = Extract<TurnEvent, { type: 'begin' }>['item'];

/** null: a block of the vendor's own tools, for which nobody who asks through here has asked. */
function itemOf(block: JsonObject): Begun | null {
  switch (block.type) {
    case 'text':
      return { type: 'text' };
    case 'thinking':
    case 'redacted_thinking':
      return { type: 'reasoning' };
    case 'tool_use':
      if (typeof block.id !== 'string' || typeof block.name !== 'string') {
        throw new Fault('vendor_malformed');
      }
      return { type: 'tool_call', id: block.id, name: block.name };
    default:
      return null;
  }
}
