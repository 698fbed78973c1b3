/** JSON in streams: a whole answer told as a stream, and a stream that is judged as it flows. */
import type { Fault } from '../../kit/fault.ts';
import type { Json } from '../../kit/json.ts';
import { JsonSyntax } from '../../kit/json-syntax.ts';
import { asBuffer, splitEvents } from '../../kit/sse.ts';
import type { EventReader, EventWriter, StreamWatch } from '../shape.ts';
import type { Answered, Item, StopReason, TurnEvent, TurnReply } from '../turn.ts';

/** The answer as a stream of the caller's format. */
export function streamReply(reply: TurnReply, writer: EventWriter): string {
  let text = writer.write({ type: 'start', id: reply.id, model: reply.model });
  for (const [choice, answer] of reply.answers.entries()) {
    for (const event of eventsOf(answer, choice)) text += writer.write(event);
  }
  if (reply.usage !== null) text += writer.write({ type: 'usage', usage: reply.usage });
  return text + writer.end();
}

function* eventsOf(answer: Answered, choice: number): Generator<TurnEvent> {
  let at = 0;
  for (const item of answer.items) {
    for (const { kind, text } of piecesOf(item)) {
      yield { type: 'begin', choice, at, item: kind };
      if (text !== '') yield { type: 'delta', choice, at, text };
      if ('seal' in item && item.seal !== null && item.seal !== undefined) {
        const redacted = item.type === 'reasoning' && item.redacted;
        yield { type: 'seal', choice, at, seal: item.seal, redacted };
      }
      yield { type: 'end', choice, at };
      at += 1;
    }
  }
  yield { type: 'stop', choice, reason: answer.stop, stopSequence: answer.stopSequence };
}

interface Piece {
  readonly kind: Extract<TurnEvent, { type: 'begin' }>['item'];
  readonly text: string;
}

function piecesOf(item: Item): readonly Piece[] {
  switch (item.type) {
    case 'message':
      return item.content.flatMap((part) =>
        part.type === 'text' ? [{ kind: { type: 'text' }, text: part.text }] : [],
      );
    case 'tool_call': {
      const { id, name } = item;
      return [{ kind: { type: 'tool_call', id, name }, text: item.arguments }];
    }
    case 'reasoning':
      return [{ kind: { type: 'reasoning' }, text: item.text }];
    case 'refusal':
      return [{ kind: { type: 'refusal' }, text: item.text }];
    case 'tool_result':
      return [];
  }
}

/** Longest text that is kept to be judged at its end. */
const TEXT_CHARS_MAX = 16 * 1024 * 1024;

export interface Heard {
  /** Each JSON text that was said: the answer, or the arguments of calls; empty where broken. */
  readonly texts: readonly string[];
  readonly stop: StopReason;
  /** It refused, or called a tool, where an answer was wanted. */
  readonly other: boolean;
}

export interface Listener {
  /** The tool whose arguments are judged; null: the text of the answer is. */
  readonly tool: string | null;
  /** null, or the fault of what was heard. */
  judge(heard: Heard): Fault | null;
  /** How it went, as the caller's format says it. */
  note(): string;
  /** A client reads what the answer came to from its last event, so that nothing may follow it. */
  readonly notesFirst: boolean;
}

interface Text {
  text: string;
  readonly syntax: JsonSyntax;
}

interface Said {
  /** By item; all texts of an answer are one. */
  readonly texts: Map<number, Text>;
  readonly spoken: Set<number>;
  other: boolean;
}

const ANSWER = -1;

/** Most that is held back; what a format says after its text is far less. */
const HELD_BYTES_MAX = 256 * 1024;

/**
 * Lets the stream pass and reads along. What follows the text is held back until it is judged, so
 * that no end of the caller's format makes a wrong answer look good. The usage is read in any case.
 */
export class JudgingWatch implements StreamWatch {
  readonly #inner: StreamWatch;
  readonly #reader: EventReader;
  readonly #listener: Listener;
  readonly #choices = new Map<number, Said>();
  #fault: Fault | null = null;
  #speaking = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(inner: StreamWatch, reader: EventReader, listener: Listener) {
    this.#inner = inner;
    this.#reader = reader;
    this.#listener = listener;
  }

  get begun(): boolean {
    return this.#inner.begun;
  }
  get failed(): Error | null {
    return this.#inner.failed;
  }
  get usage(): Json | null {
    return this.#inner.usage;
  }
  get contentBytes(): number {
    return this.#inner.contentBytes;
  }

  get tail(): Uint8Array {
    const note = Buffer.from(this.#listener.note());
    const rest = [...this.#held, ...(this.#inner.tail === null ? [] : [this.#inner.tail])];
    return Buffer.concat(this.#listener.notesFirst ? [note, ...rest] : [...rest, note]);
  }

  look(events: Uint8Array): Uint8Array | null {
    const all = [...splitEvents(asBuffer(events).toString('utf8'))];
    const out: Uint8Array[] = [];
    for (const event of all) {
      const shown = this.#inner.look(all.length === 1 ? events : Buffer.from(event.raw));
      let grew = false;
      let stops = false;
      if (event.data !== null && this.#inner.failed === null) {
        for (const told of this.#reader.read(event)) {
          grew = this.#hear(told) || grew;
          stops ||= told.type === 'stop';
        }
      }
      this.#speaking ||= grew;
      // Where the end stands beside the last piece of text, both wait.
      if (shown !== null) this.#show(shown, { flows: grew && !stops, out });
      if (this.#inner.failed !== null) break;
    }
    if (out.length === 0 || this.#fault !== null) return null;
    return out.length === 1 ? (out[0] ?? null) : Buffer.concat(out);
  }

  /** Only what stands behind the last piece of text waits for the verdict. */
  #show(shown: Uint8Array, { flows, out }: { readonly flows: boolean; out: Uint8Array[] }): void {
    this.#held.push(shown);
    this.#heldBytes += shown.length;
    if (this.#speaking && !flows && this.#heldBytes <= HELD_BYTES_MAX) return;
    out.push(...this.#held);
    this.#held = [];
    this.#heldBytes = 0;
  }

  end(): Fault | null {
    const cut = this.#inner.end();
    if (cut !== null) return cut;
    for (const told of this.#reader.end()) this.#hear(told);
    return this.#fault;
  }

  /** Whether the text grew that is judged. */
  #hear(event: TurnEvent): boolean {
    if (event.type === 'begin') this.#begin(event);
    else if (event.type === 'delta') return this.#grow(event);
    else if (event.type === 'stop') {
      const { texts, other } = this.#saidOf(event.choice);
      const whole = [...texts.values()].map(({ text, syntax }) => (syntax.whole ? text : ''));
      this.#fault ??= this.#listener.judge({ texts: whole, stop: event.reason, other });
    }
    return false;
  }

  #begin({ choice, at, item }: Extract<TurnEvent, { type: 'begin' }>): void {
    const said = this.#saidOf(choice);
    const { tool } = this.#listener;
    const isCall = item.type === 'tool_call';
    const isHeard = tool === null ? item.type === 'text' : isCall && item.name === tool;
    if (isHeard) {
      said.spoken.add(at);
      if (tool !== null) said.texts.set(at, { text: '', syntax: new JsonSyntax() });
    } else if (item.type === 'refusal' || (isCall && tool === null)) said.other = true;
  }

  #grow({ choice, at, text: more }: Extract<TurnEvent, { type: 'delta' }>): boolean {
    const said = this.#saidOf(choice);
    if (!said.spoken.has(at)) return false;
    const key = this.#listener.tool === null ? ANSWER : at;
    const grown = said.texts.get(key) ?? { text: '', syntax: new JsonSyntax() };
    said.texts.set(key, grown);
    grown.syntax.push(more);
    // What is broken for good need not be kept.
    const isLost = grown.syntax.brokenAt >= 0 || grown.text.length + more.length > TEXT_CHARS_MAX;
    grown.text = isLost ? '' : grown.text + more;
    return true;
  }

  #saidOf(choice: number): Said {
    const known = this.#choices.get(choice);
    if (known !== undefined) return known;
    const made: Said = { texts: new Map(), spoken: new Set(), other: false };
    this.#choices.set(choice, made);
    return made;
  }
}
