/** Writes common events as a stream of chunks for the caller. */
import type { JsonObject } from '../../kit/json.ts';
import { TextKeeper } from '../keeper.ts';
import type { AskedContext, EventWriter } from '../shape.ts';
import type { TurnEvent, TurnUsage } from '../turn.ts';
import { writeCitation } from './reply-turn.ts';
import { openOwn, writeCallDetail, writeDetail } from './seals.ts';
import { writeStop, writeUsage } from './usage.ts';

type BegunItem = Extract<TurnEvent, { type: 'begin' }>['item'];

interface Open {
  readonly item: BegunItem;
  /** Number of a tool call among the calls of its choice. */
  readonly call: number;
  /** Whether any of it came. */
  grown: boolean;
}

interface Choice {
  readonly items: Map<number, Open>;
  calls: number;
  /** Length of the text so far, for the offsets of citations. */
  textChars: number;
  /** Where the text of the item at hand began. */
  textFrom: number;
}

export class ChatEventWriter implements EventWriter {
  readonly #asked: AskedContext;
  readonly #choices = new Map<number, Choice>();
  /** Thoughts are kept until they are sealed, for a seal goes with its thoughts. */
  readonly #thoughts = new TextKeeper();
  #id: string;
  #model: string;
  #usage: TurnUsage | null = null;

  constructor(asked: AskedContext) {
    this.#asked = asked;
    this.#id = asked.callId;
    this.#model = asked.request.model;
  }

  write(event: TurnEvent): string {
    if (event.type === 'start') {
      this.#id = event.id || this.#id;
      this.#model = event.model || this.#model;
      return '';
    }
    if (event.type === 'usage') {
      this.#usage = event.usage;
      return '';
    }
    const begun = this.#choices.has(event.choice);
    const choice = this.#choiceAt(event.choice);
    const first = begun ? '' : this.#chunk(event.choice, { role: 'assistant', content: '' });
    return first + this.#writeStep(event, choice);
  }

  end(): string {
    const usage = this.#asked.request.wantsUsage && this.#usage !== null ? this.#usage : null;
    const last =
      usage === null ? '' : frame({ ...this.#head(), choices: [], usage: writeUsage(usage) });
    return `${last}data: [DONE]\n\n`;
  }

  #choiceAt(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const made = { items: new Map(), calls: 0, textChars: 0, textFrom: 0 };
    this.#choices.set(index, made);
    return made;
  }

  #writeStep(event: Exclude<TurnEvent, { type: 'start' | 'usage' }>, choice: Choice): string {
    if (event.type === 'stop') {
      return this.#chunk(event.choice, {}, writeStop(event.reason));
    }
    if (event.type === 'begin') return this.#begin(event, choice);
    const open = choice.items.get(event.at);
    if (open === undefined) return '';
    if (event.type === 'delta') return this.#delta(event, open, choice);
    if (event.type === 'seal') return this.#seal(event, open);
    if (event.type === 'citation') return this.#cite(event, choice);
    choice.items.delete(event.at);
    this.#thoughts.drop(`${event.choice}/${event.at}`);
    if (open.item.type !== 'tool_call' || open.grown) return '';
    // A call without arguments is still JSON to whoever reads it.
    const whole = { index: open.call, function: { arguments: '{}' } };
    return this.#chunk(event.choice, { tool_calls: [whole] });
  }

  #begin(event: Extract<TurnEvent, { type: 'begin' }>, choice: Choice): string {
    const { item } = event;
    const call = item.type === 'tool_call' ? choice.calls++ : -1;
    choice.items.set(event.at, { item, call, grown: false });
    if (item.type === 'text') choice.textFrom = choice.textChars;
    if (item.type !== 'tool_call') return '';
    const named = { name: item.name, arguments: '' };
    const begun = { index: call, id: item.id, type: 'function', function: named };
    return this.#chunk(event.choice, { tool_calls: [begun] });
  }

  #delta(event: Extract<TurnEvent, { type: 'delta' }>, open: Open, choice: Choice): string {
    const { text } = event;
    open.grown = true;
    if (open.item.type === 'tool_call') {
      const grown = { index: open.call, function: { arguments: text } };
      return this.#chunk(event.choice, { tool_calls: [grown] });
    }
    if (open.item.type === 'reasoning') {
      this.#thoughts.add(`${event.choice}/${event.at}`, text);
      return this.#chunk(event.choice, { reasoning_content: text });
    }
    if (open.item.type === 'refusal') return this.#chunk(event.choice, { refusal: text });
    choice.textChars += text.length;
    return this.#chunk(event.choice, { content: text });
  }

  #seal(event: Extract<TurnEvent, { type: 'seal' }>, open: Open): string {
    const { seal, redacted } = event;
    if (open.item.type === 'tool_call') {
      const detail = writeCallDetail(open.item.id, seal);
      return this.#chunk(event.choice, { reasoning_details: [detail] });
    }
    const own = openOwn(seal);
    if (Object.keys(own).length > 0) return this.#chunk(event.choice, own);
    const text = this.#thoughts.get(`${event.choice}/${event.at}`);
    const detail = writeDetail({ type: 'reasoning', text, seal, redacted });
    return this.#chunk(event.choice, { reasoning_details: [detail] });
  }

  #cite(event: Extract<TurnEvent, { type: 'citation' }>, choice: Choice): string {
    const { start, end } = event.citation;
    const annotations = writeCitation({
      ...event.citation,
      start: start === null ? null : start + choice.textFrom,
      end: end === null ? null : end + choice.textFrom,
    });
    return annotations.length === 0 ? '' : this.#chunk(event.choice, { annotations });
  }

  #head(): JsonObject {
    return {
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#asked.nowS,
      model: this.#model,
    };
  }

  #chunk(index: number, delta: JsonObject, finish: string | null = null): string {
    const choice = { index, delta, logprobs: null, finish_reason: finish };
    const chunk: JsonObject = { ...this.#head(), choices: [choice] };
    return frame(this.#asked.request.wantsUsage ? { ...chunk, usage: null } : chunk);
  }
}

const frame = (chunk: JsonObject): string => `data: ${JSON.stringify(chunk)}\n\n`;
