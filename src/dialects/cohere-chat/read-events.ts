/** A vendor's stream of this format as common events. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ServerEvent } from '../../kit/sse.ts';
import { TextKeeper } from '../keeper.ts';
import type { ErrorReader, EventReader } from '../shape.ts';
import type { Seal, TurnEvent } from '../turn.ts';
import { isOfText, readCitation } from './citations.ts';
import { PLAN, THINKING } from './marks.ts';
import { failureIn, isEmptyEnd, isErrorBody } from './reply.ts';
import { readStop, readUsage } from './usage.ts';

/** An item that is under way, or whose citations may still come. */
interface Open {
  readonly at: number;
  readonly isCall: boolean;
  said: boolean;
  closed: boolean;
}

type Begun = Extract<TurnEvent, { type: 'begin' }>['item'];

const PLAN_KEY = 'plan';
/** Some vendors end their streams with this word. */
export const LAST_WORD = '[DONE]';

export class ChatReader implements EventReader {
  readonly #readError: ErrorReader;
  readonly #open = new Map<string, Open>();
  readonly #texts = new TextKeeper();
  #usage: Json = null;
  #at = 0;
  #lastText = '';
  #started = false;
  #stopped = false;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  get usage(): Json | null {
    return isObject(this.#usage) ? { usage: this.#usage } : null;
  }

  read(event: ServerEvent): readonly TurnEvent[] {
    if (event.data === null || event.data === LAST_WORD || this.#stopped) return [];
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (event.name === 'error' || isErrorBody(body)) throw this.#readError(body);
    const delta = isObject(body.delta) ? body.delta : {};
    const message = isObject(delta.message) ? delta.message : {};
    const { index = null } = body;
    switch (body.type) {
      case 'message-start':
        return this.#start(body.id);
      case 'content-start':
        return this.#content(`c${String(index)}`, message.content);
      case 'content-delta':
        return this.#content(`c${String(index)}`, message.content);
      case 'tool-plan-delta':
        return this.#plan(message.tool_plan ?? delta.tool_plan);
      case 'tool-call-start':
        return this.#call(`t${String(index)}`, message.tool_calls);
      case 'tool-call-delta':
        return this.#arguments(`t${String(index)}`, message.tool_calls);
      case 'content-end':
        return this.#close(`c${String(index)}`);
      case 'tool-call-end':
        return this.#end(`t${String(index)}`);
      case 'citation-start':
        return this.#cite(message.citations);
      case 'message-end':
        return this.#stop(delta);
      default:
        // Ends of citations, what debugs a prompt, and what is not known yet.
        return [];
    }
  }

  end(): readonly TurnEvent[] {
    if (!this.#stopped) throw new Fault('vendor_cut');
    return [];
  }

  #start(id: Json | undefined): TurnEvent[] {
    if (this.#started) return [];
    this.#started = true;
    return [{ type: 'start', id: typeof id === 'string' ? id : '', model: '' }];
  }

  /** A block begins with its first event, whatever that is. */
  #content(key: string, content: Json | undefined): TurnEvent[] {
    if (!isObject(content ?? null)) return [];
    const { type, text, thinking } = content as JsonObject;
    const words = text || thinking;
    // One that has ended leaves its number to the next.
    if (this.#open.get(key)?.closed === false) return this.#say(key, words);
    const isThought = type === 'thinking' || (type === undefined && words === thinking);
    const begun = isThought
      ? this.#begin(key, { type: 'reasoning' }, THINKING)
      : this.#begin(key, { type: 'text' });
    if (!isThought) this.#lastText = key;
    return [...begun, ...this.#say(key, words)];
  }

  /** Blocks follow each other, so what has ended is told to be so when the next one begins. */
  #begin(key: string, item: Begun, seal?: Seal): TurnEvent[] {
    const events = [...this.#open].flatMap(([open, { closed }]) => (closed ? this.#end(open) : []));
    const at = this.#at;
    this.#at += 1;
    this.#open.set(key, { at, isCall: item.type === 'tool_call', said: false, closed: false });
    events.push({ type: 'begin', choice: 0, at, item });
    if (seal !== undefined) events.push({ type: 'seal', choice: 0, at, seal, redacted: false });
    return events;
  }

  #say(key: string, text: Json | undefined): TurnEvent[] {
    const open = this.#open.get(key);
    if (open === undefined || typeof text !== 'string' || text === '') return [];
    open.said = true;
    if (key === this.#lastText) this.#texts.add(key, text);
    return [{ type: 'delta', choice: 0, at: open.at, text }];
  }

  #plan(text: Json | undefined): TurnEvent[] {
    if (typeof text !== 'string' || text === '') return [];
    const begun = this.#open.has(PLAN_KEY)
      ? []
      : this.#begin(PLAN_KEY, { type: 'reasoning' }, PLAN);
    return [...begun, ...this.#say(PLAN_KEY, text)];
  }

  #call(key: string, call: Json | undefined): TurnEvent[] {
    const of = isObject(call ?? null) ? (call as JsonObject) : {};
    const made = isObject(of.function) ? of.function : {};
    if (typeof of.id !== 'string' || typeof made.name !== 'string') {
      throw new Fault('vendor_malformed');
    }
    const item: Begun = { type: 'tool_call', id: of.id, name: made.name };
    // The plan ends where the calls begin.
    const ended = this.#end(PLAN_KEY);
    return [...ended, ...this.#begin(key, item), ...this.#arguments(key, call)];
  }

  /** Tools without parameters are called with nothing, or with the word null. */
  #arguments(key: string, call: Json | undefined): TurnEvent[] {
    const made = isObject(call ?? null) ? (call as JsonObject).function : null;
    const text = isObject(made ?? null) ? (made as JsonObject).arguments : null;
    return text === 'null' && this.#open.get(key)?.said === false ? [] : this.#say(key, text);
  }

  /** Citations of a text may come after it. */
  #close(key: string): TurnEvent[] {
    const open = this.#open.get(key);
    if (open !== undefined) open.closed = true;
    return [];
  }

  #end(key: string): TurnEvent[] {
    const open = this.#open.get(key);
    if (open === undefined) return [];
    this.#open.delete(key);
    this.#texts.drop(key);
    const unsaid: TurnEvent[] =
      open.isCall && !open.said ? [{ type: 'delta', choice: 0, at: open.at, text: '{}' }] : [];
    return [...unsaid, { type: 'end', choice: 0, at: open.at }];
  }

  #cite(cited: Json | undefined): TurnEvent[] {
    if (!isObject(cited ?? null) || !isOfText(cited as JsonObject)) return [];
    const { content_index: index } = cited as JsonObject;
    const named = `c${String(index)}`;
    const key = this.#open.has(named) ? named : this.#lastText;
    const open = this.#open.get(key);
    if (open === undefined) return [];
    return readCitation(cited as JsonObject, this.#texts.get(key)).map((citation) => {
      return { type: 'citation', choice: 0, at: open.at, citation };
    });
  }

  #stop(delta: JsonObject): TurnEvent[] {
    const failure = failureIn(delta);
    if (failure !== null) throw this.#readError(failure);
    const { finish_reason: reason } = delta;
    this.#usage = delta.usage ?? null;
    if (this.#at === 0 && isEmptyEnd(reason)) throw new Fault('vendor_empty');
    const events = [...this.#open.keys()].flatMap((key) => this.#end(key));
    this.#stopped = true;
    events.push({ type: 'stop', choice: 0, reason: readStop(reason), stopSequence: null });
    const usage = readUsage(delta.usage);
    return usage === null ? events : [...events, { type: 'usage', usage }];
  }
}
