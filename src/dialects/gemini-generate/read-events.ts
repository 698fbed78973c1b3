/** A vendor's stream of this format as common events: each piece holds only what is new. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ServerEvent } from '../../kit/sse.ts';
import { unpackSeal } from '../seals.ts';
import type { ErrorReader, EventReader } from '../shape.ts';
import type { TurnEvent } from '../turn.ts';
import { readCitations } from './citations.ts';
import { blockReason, candidatesOf, errorOf, isForeign, partsOf } from './reply.ts';
import { readStop, readUsage } from './usage.ts';
import { DIALECT, isNoSeal, pick } from './wire.ts';

/** One candidate while it grows. */
interface Choice {
  readonly number: number;
  items: number;
  calls: number;
  /** The item that grows now, and of which kind; null: none. */
  open: { readonly at: number; readonly type: 'text' | 'reasoning'; text: string } | null;
  stopped: boolean;
}

export class ContentReader implements EventReader {
  readonly #readError: ErrorReader;
  readonly #choices = new Map<number, Choice>();
  #started = false;
  #callIds = 0;
  usage: Json | null = null;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  read(event: ServerEvent): readonly TurnEvent[] {
    if (event.data === null) return [];
    const body = parseJson(event.data);
    const error = errorOf(body);
    if (error !== null) throw this.#readError(error);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    const events: TurnEvent[] = this.#start(body);
    for (const candidate of candidatesOf(body)) events.push(...this.#candidate(candidate));
    if (blockReason(body) !== null && this.#choices.size === 0) events.push(...this.#blocked());
    const usage = readUsage(body.usageMetadata);
    if (usage !== null) {
      this.usage = body;
      events.push({ type: 'usage', usage });
    }
    return events;
  }

  end(): readonly TurnEvent[] {
    const choices = [...this.#choices.values()];
    const isWhole = choices.length > 0 && choices.every(({ stopped }) => stopped);
    if (!isWhole) throw new Fault('vendor_cut');
    return [];
  }

  #start({ responseId, modelVersion }: JsonObject): TurnEvent[] {
    if (this.#started) return [];
    this.#started = true;
    const id = typeof responseId === 'string' ? responseId : '';
    return [{ type: 'start', id, model: typeof modelVersion === 'string' ? modelVersion : '' }];
  }

  /** The prompt was blocked: that is the answer, and there is no other. */
  #blocked(): TurnEvent[] {
    const choice = this.#choiceOf(0);
    choice.stopped = true;
    return [{ type: 'stop', choice: 0, reason: 'filter', stopSequence: null }];
  }

  #choiceOf(number: number): Choice {
    const known = this.#choices.get(number);
    if (known !== undefined) return known;
    const choice: Choice = { number, items: 0, calls: 0, open: null, stopped: false };
    this.#choices.set(number, choice);
    return choice;
  }

  #candidate(candidate: JsonObject): TurnEvent[] {
    const choice = this.#choiceOf(typeof candidate.index === 'number' ? candidate.index : 0);
    const events = partsOf(candidate).flatMap((part) => this.#part(choice, part));
    const { finishReason, finishMessage } = candidate;
    const { open } = choice;
    if (open?.type === 'text') {
      for (const citation of readCitations(candidate, open.text)) {
        events.push({ type: 'citation', choice: choice.number, at: open.at, citation });
      }
    }
    if (typeof finishReason !== 'string' || choice.stopped) return events;
    const reason = readStop(finishReason, finishMessage, choice.calls > 0);
    events.push(...close(choice));
    if (reason === 'filter' && typeof finishMessage === 'string' && finishMessage !== '') {
      events.push(...refuse(choice, finishMessage));
    }
    choice.stopped = true;
    events.push({ type: 'stop', choice: choice.number, reason, stopSequence: null });
    return events;
  }

  #part(choice: Choice, part: JsonObject): TurnEvent[] {
    const call = pick(part, 'functionCall');
    if (isObject(call)) return this.#call(choice, call, part);
    const { text } = part;
    if (isForeign(part)) return [];
    const said = typeof text === 'string' ? text : '';
    const sealed = part.thoughtSignature;
    const hasSeal = typeof sealed === 'string' && sealed !== '';
    if (said === '' && !hasSeal) return [];
    const type = part.thought === true ? 'reasoning' : 'text';
    const events = grow(choice, type, said);
    const { open } = choice;
    if (hasSeal && open !== null) events.push(sealOf(choice, open.at, sealed));
    return events;
  }

  #call(choice: Choice, call: JsonObject, part: JsonObject): TurnEvent[] {
    const { name, id } = call;
    // Arguments in pieces come only to who asks for them, and we never do.
    if (typeof name !== 'string' || call.partialArgs !== undefined) {
      throw new Fault('vendor_malformed');
    }
    const events = close(choice);
    const place = { choice: choice.number, at: choice.items };
    choice.items += 1;
    choice.calls += 1;
    const known = typeof id === 'string' && id !== '' ? id : `call_${this.#callIds}`;
    this.#callIds += 1;
    events.push({ type: 'begin', ...place, item: { type: 'tool_call', id: known, name } });
    const sealed = part.thoughtSignature;
    if (typeof sealed === 'string' && !isNoSeal(sealed))
      events.push(sealOf(choice, place.at, sealed));
    events.push({ type: 'delta', ...place, text: JSON.stringify(call.args ?? {}) });
    events.push({ type: 'end', ...place });
    return events;
  }
}

/** More of the item that is open where it is of this kind, else of a new one. */
function grow(choice: Choice, type: 'text' | 'reasoning', text: string): TurnEvent[] {
  const events: TurnEvent[] = [];
  if (choice.open?.type !== type) {
    events.push(...close(choice));
    choice.open = { at: choice.items, type, text: '' };
    choice.items += 1;
    events.push({ type: 'begin', choice: choice.number, at: choice.open.at, item: { type } });
  }
  const { open } = choice;
  if (open === null || text === '') return events;
  // Citations count bytes of it.
  if (type === 'text') open.text += text;
  events.push({ type: 'delta', choice: choice.number, at: open.at, text });
  return events;
}

function close(choice: Choice): TurnEvent[] {
  const { open } = choice;
  choice.open = null;
  return open === null ? [] : [{ type: 'end', choice: choice.number, at: open.at }];
}

function refuse(choice: Choice, text: string): TurnEvent[] {
  const place = { choice: choice.number, at: choice.items };
  choice.items += 1;
  return [
    { type: 'begin', ...place, item: { type: 'refusal' } },
    { type: 'delta', ...place, text },
    { type: 'end', ...place },
  ];
}

function sealOf(choice: Choice, at: number, sealed: string): TurnEvent {
  const packed = unpackSeal(sealed);
  const seal = packed?.seal ?? { dialect: DIALECT, value: sealed };
  const redacted = packed?.of === 'hidden';
  return { type: 'seal', choice: choice.number, at, seal, redacted };
}
