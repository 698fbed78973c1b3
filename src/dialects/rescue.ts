/**
 * A streamed answer that may be finished by another vendor than the one who began it. The caller's
 * stream is written by one writer all through; what the next vendor says is sewn on where the last
 * one broke off. Pure.
 */
import {
  type AskedContext,
  type CallerDialect,
  type EventWriter,
  type Exchange,
  type VendorDialect,
  writeRemark,
} from './shape.ts';
import { TranslatingWatch, translate } from './translate.ts';
import type { Item, Turn, TurnEvent, TurnUsage } from './turn.ts';

/** Longest answer that is kept to be gone on with. */
const TEXT_CHARS_MAX = 2_000_000;

const INSTRUCTION =
  'Your last message was cut off in the middle. Go on exactly where it ends: begin with the very ' +
  'next character, repeat nothing, and say nothing about the break.';

/** What is known of the answer so far, whoever gave it. */
interface SoFar {
  readonly writer: EventWriter;
  /** As the caller's format says it. */
  readonly seam: string;
  text: string;
  /** The text that is open, by its number; null: none is. */
  openText: number | null;
  openThought: number | null;
  nextAt: number;
  calls: number;
  usage: TurnUsage | null;
}

export interface OpenWish {
  readonly vendor: VendorDialect;
  /** The vendor goes on from a last message of the assistant; else it is asked to in words. */
  readonly continues: boolean;
}

export class Rescuable {
  readonly #caller: CallerDialect;
  readonly #wish: Omit<AskedContext, 'turn'>;
  #turn: Turn | null = null;
  #soFar: SoFar | null = null;

  constructor(caller: CallerDialect, wish: Omit<AskedContext, 'turn'>) {
    this.#caller = caller;
    this.#wish = wish;
  }

  /** Whether another vendor may go on: not with half a call of a tool, nor with half of a JSON. */
  get isSafe(): boolean {
    const turn = this.#asked().turn;
    const soFar = this.#soFar;
    if (turn.choices > 1 || soFar === null || soFar.calls > 0) return false;
    if (soFar.text.length > TEXT_CHARS_MAX) return false;
    return soFar.text === '' || turn.format === null || turn.format.type === 'text';
  }

  /** What the attempts before used, so that the caller is shown the sum. */
  spend(usage: TurnUsage): void {
    if (this.#soFar !== null) this.#soFar.usage = addUsage(this.#soFar.usage, usage);
  }

  /** One attempt: the first asks as the caller did, the next for the rest of the answer. */
  open({ vendor, continues }: OpenWish): Exchange {
    const asked = this.#asked();
    const plain = translate(this.#caller, vendor, this.#wish);
    return {
      ...plain,
      write: (request, how) => {
        const turn = continuedTurn(asked.turn, this.#soFar?.text ?? '', continues);
        return vendor.writeTurn(turn, { ...how, stream: request.stream });
      },
      watch: (readError) => {
        this.#soFar ??= begin(this.#caller.writeEvents(asked), writeRemark(this.#caller, SEAM));
        const isRest = this.#soFar.nextAt > 0;
        const seam = new Seam(this.#soFar, isRest);
        return new TranslatingWatch(vendor.readEvents(readError), seam);
      },
    };
  }

  #asked(): AskedContext {
    this.#turn ??= this.#caller.readTurn(this.#wish.request);
    return { ...this.#wish, turn: this.#turn };
  }
}

function begin(writer: EventWriter, seam: string): SoFar {
  const open = { openText: null, openThought: null };
  return { writer, seam, text: '', ...open, nextAt: 0, calls: 0, usage: null };
}

function continuedTurn(turn: Turn, text: string, continues: boolean): Turn {
  if (text === '') return turn;
  const said: Item = { type: 'message', role: 'assistant', content: [{ type: 'text', text }] };
  const go: Item = {
    type: 'message',
    role: 'user',
    content: [{ type: 'text', text: INSTRUCTION }],
  };
  return { ...turn, items: [...turn.items, said, ...(continues ? [] : [go])] };
}

/** Marks the seam. */
const SEAM = 'the upstream broke off; another one goes on from here';

/** Writes one attempt into the caller's stream. */
class Seam implements EventWriter {
  readonly #soFar: SoFar;
  /** The vendor's numbers of items -> the caller's; null: not shown. */
  readonly #places = new Map<number, number | null>();
  /** What is still to be recognised as a repetition of what was said; null: nothing more is. */
  #repeated: string | null;
  #held = '';
  #isRest: boolean;
  /** Half of the answer has been said. */
  readonly #goesOn: boolean;

  constructor(soFar: SoFar, isRest: boolean) {
    this.#soFar = soFar;
    this.#isRest = isRest;
    this.#goesOn = isRest && soFar.text !== '';
    this.#repeated = this.#goesOn ? soFar.text : null;
  }

  write(event: TurnEvent): string {
    switch (event.type) {
      case 'start':
        return this.#isRest ? this.#sew() : this.#soFar.writer.write(event);
      case 'begin':
        return this.#sew() + this.#begin(event);
      case 'usage':
        return this.#soFar.writer.write({
          type: 'usage',
          usage: addUsage(this.#soFar.usage, event.usage),
        });
      case 'stop':
        return this.#flush() + this.#closeText() + this.#soFar.writer.write(event);
      default:
        return this.#within(event);
    }
  }

  end(): string {
    return this.#soFar.writer.end();
  }

  /** The mark, once; and an end for thoughts that will not go on. */
  #sew(): string {
    if (!this.#isRest) return '';
    this.#isRest = false;
    const { openThought, seam } = this.#soFar;
    this.#soFar.openThought = null;
    if (openThought === null) return seam;
    return seam + this.#soFar.writer.write({ type: 'end', choice: 0, at: openThought });
  }

  #begin(event: Extract<TurnEvent, { type: 'begin' }>): string {
    const soFar = this.#soFar;
    const { type } = event.item;
    if (type === 'text' && soFar.openText !== null && !this.#owns(soFar.openText)) {
      this.#places.set(event.at, soFar.openText);
      return '';
    }
    if (type === 'reasoning' && this.#goesOn) {
      // Second thoughts about the first half would stand in the middle of the answer.
      this.#places.set(event.at, null);
      return '';
    }
    const closed = type === 'text' ? '' : this.#flush() + this.#closeText();
    const at = soFar.nextAt;
    soFar.nextAt += 1;
    this.#places.set(event.at, at);
    if (type === 'text') soFar.openText = at;
    if (type === 'reasoning') soFar.openThought = at;
    if (type === 'tool_call') soFar.calls += 1;
    return closed + soFar.writer.write({ ...event, at });
  }

  /** A text that the first vendor left open and the next one never went on with. */
  #closeText(): string {
    const soFar = this.#soFar;
    if (soFar.openText === null || this.#owns(soFar.openText)) return '';
    const at = soFar.openText;
    soFar.openText = null;
    return soFar.writer.write({ type: 'end', choice: 0, at });
  }

  /** Whether this vendor writes the item, or goes on with it. */
  #owns(at: number): boolean {
    return [...this.#places.values()].includes(at);
  }

  #within(event: Extract<TurnEvent, { type: 'delta' | 'seal' | 'citation' | 'end' }>): string {
    const soFar = this.#soFar;
    const at = this.#places.get(event.at) ?? null;
    if (at === null) return '';
    if (event.type === 'end') {
      const rest = this.#flush();
      if (soFar.openText === at) soFar.openText = null;
      if (soFar.openThought === at) soFar.openThought = null;
      return rest + soFar.writer.write({ ...event, at });
    }
    if (event.type !== 'delta' || soFar.openText !== at) {
      return soFar.writer.write({ ...event, at });
    }
    const text = this.#unrepeated(event.text);
    return text === '' ? '' : this.#say(text, at);
  }

  /** Some say again what was said: as long as it is that, letter for letter, it is kept back. */
  #unrepeated(text: string): string {
    if (this.#repeated === null) return text;
    const seen = this.#held + text;
    const { length } = this.#repeated;
    if (seen.length < length && this.#repeated.startsWith(seen)) {
      this.#held = seen;
      return '';
    }
    const rest = seen.startsWith(this.#repeated) ? seen.slice(length) : seen;
    this.#repeated = null;
    this.#held = '';
    return rest;
  }

  /** What was kept back was no repetition after all: the answer ends in the middle of it. */
  #flush(): string {
    const text = this.#held;
    this.#held = '';
    this.#repeated = null;
    const at = this.#soFar.openText;
    return text === '' || at === null ? '' : this.#say(text, at);
  }

  #say(text: string, at: number): string {
    this.#soFar.text += text;
    return this.#soFar.writer.write({ type: 'delta', choice: 0, at, text });
  }
}

function addUsage(a: TurnUsage | null, b: TurnUsage): TurnUsage {
  if (a === null) return b;
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cachedInput: a.cachedInput + b.cachedInput,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    reasoning: a.reasoning + b.reasoning,
  };
}
