/** Reads a vendor's stream of chunks as common events. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { ServerEvent } from '../../kit/sse.ts';
import type { ErrorReader, EventReader } from '../shape.ts';
import type { TurnEvent } from '../turn.ts';
import { ChoiceReader } from './choice-read.ts';
import { isErrorBody } from './reply.ts';
import { readUsage } from './usage.ts';

const DONE = '[DONE]';
/** As many choices as a request may ask for. */
const CHOICES_MAX = 128;

export class ChatEventReader implements EventReader {
  readonly #readError: ErrorReader;
  readonly #choices = new Map<number, ChoiceReader>();
  #id = '';
  #model = '';
  #said = false;
  #done = false;
  usage: Json | null = null;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  read(event: ServerEvent): readonly TurnEvent[] {
    if (event.data === null || this.#done) return [];
    this.#said = true;
    if (event.data.startsWith(DONE)) {
      if (this.#choices.size === 0) throw new Fault('vendor_empty');
      this.#done = true;
      return [];
    }
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (isErrorBody(body) || event.name === 'error') throw this.#readError(body);
    // The last one counts: some send it with every chunk, growing.
    if (isObject(body.usage)) this.usage = body;
    return this.#readChunk(body);
  }

  #readChunk(body: JsonObject): TurnEvent[] {
    if (typeof body.id === 'string' && this.#id === '') this.#id = body.id;
    if (typeof body.model === 'string' && this.#model === '') this.#model = body.model;
    const choices = Array.isArray(body.choices) ? (body.choices as readonly Json[]) : [];
    const events: TurnEvent[] = [];
    for (const choice of choices) {
      if (!isObject(choice)) throw new Fault('vendor_malformed');
      // Names may come after a first chunk that holds none of them.
      if (this.#choices.size === 0) {
        events.push({ type: 'start', id: this.#id, model: this.#model });
      }
      events.push(...this.#choiceAt(choice.index).read(choice));
    }
    return events;
  }

  #choiceAt(index: Json | undefined): ChoiceReader {
    const at = typeof index === 'number' ? index : 0;
    if (!Number.isInteger(at) || at < 0 || at >= CHOICES_MAX) throw new Fault('vendor_malformed');
    const known = this.#choices.get(at);
    if (known !== undefined) return known;
    const made = new ChoiceReader(at);
    this.#choices.set(at, made);
    return made;
  }

  end(): readonly TurnEvent[] {
    if (this.#choices.size === 0) throw new Fault(this.#said ? 'vendor_empty' : 'vendor_cut');
    const choices = [...this.#choices.values()];
    if (!this.#done && !choices.every(({ finished }) => finished)) throw new Fault('vendor_cut');
    const events = choices.flatMap((choice) => choice.end());
    const usage = isObject(this.usage) ? readUsage(this.usage.usage) : null;
    return usage === null ? events : [...events, { type: 'usage', usage }];
  }
}
