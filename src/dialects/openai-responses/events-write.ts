/** Writes common events as a response that is streamed to the caller. */
import type { JsonObject } from '../../kit/json.ts';
import { TextKeeper } from '../keeper.ts';
import type { AskedContext, EventWriter } from '../shape.ts';
import type { Citation, Seal, StopReason, TurnEvent, TurnUsage } from '../turn.ts';
import { writeAnnotation, writeOutputText } from './parts.ts';
import {
  callItem,
  callSealItem,
  itemId,
  messageItem,
  reasoningItem,
  writeResponse,
} from './response.ts';
import { writeCallSeal } from './seals.ts';
import { writeStop } from './usage.ts';

type Begun = Extract<TurnEvent, { type: 'begin' }>['item'];

interface Open {
  readonly id: string;
  readonly index: number;
  readonly item: Begun;
  readonly citations: Citation[];
  seal: { readonly seal: Seal; readonly redacted: boolean } | null;
  /** Of thoughts: whether their one part has begun. */
  shown: boolean;
}

const IDS: Readonly<Record<Begun['type'], string>> = Object.freeze({
  text: 'msg',
  refusal: 'msg',
  reasoning: 'rs',
  tool_call: 'fc',
});

export class ResponsesEventWriter implements EventWriter {
  readonly #asked: AskedContext;
  readonly #open = new Map<number, Open>();
  readonly #texts = new TextKeeper();
  readonly #output: JsonObject[] = [];
  #count = 0;
  #sequence = 0;
  #model: string;
  #started = false;
  #stop: StopReason = 'stop';
  #usage: TurnUsage | null = null;

  constructor(asked: AskedContext) {
    this.#asked = asked;
    this.#model = asked.request.model;
  }

  write(event: TurnEvent): string {
    if (event.type === 'start') return this.#start(event.model);
    if (event.type === 'usage') {
      this.#usage = event.usage;
      return '';
    }
    // A response has one answer.
    if (event.choice !== 0) return '';
    const started = this.#started ? '' : this.#start('');
    return started + this.#step(event);
  }

  end(): string {
    const started = this.#started ? '' : this.#start('');
    const ending = writeStop(this.#stop);
    const response = this.#response(ending);
    return started + this.#event({ type: `response.${ending.status}`, response });
  }

  #start(model: string): string {
    if (this.#started) return '';
    this.#started = true;
    this.#model = model || this.#model;
    const response = this.#response(null);
    const created = this.#event({ type: 'response.created', response });
    return created + this.#event({ type: 'response.in_progress', response });
  }

  #response(ending: ReturnType<typeof writeStop> | null): JsonObject {
    return writeResponse(this.#asked, {
      model: this.#model,
      createdS: this.#asked.nowS,
      output: this.#output,
      ending,
      usage: this.#usage,
    });
  }

  #step(event: Exclude<TurnEvent, { type: 'start' | 'usage' }>): string {
    if (event.type === 'stop') {
      this.#stop = event.reason;
      return '';
    }
    if (event.type === 'begin') return this.#begin(event.at, event.item);
    const open = this.#open.get(event.at);
    if (open === undefined) return '';
    if (event.type === 'delta') return this.#delta(open, event.text);
    if (event.type === 'citation') return this.#cite(open, event.citation);
    if (event.type === 'seal') {
      open.seal = event;
      return '';
    }
    this.#open.delete(event.at);
    return this.#end(open);
  }

  #begin(at: number, item: Begun): string {
    const index = this.#count++;
    const id = itemId(this.#asked, IDS[item.type], index);
    const open: Open = { id, index, item, citations: [], seal: null, shown: false };
    this.#open.set(at, open);
    const added = this.#itemEvent('added', open, this.#item(open, null));
    if (item.type !== 'text' && item.type !== 'refusal') return added;
    return added + this.#partEvent('response.content_part.added', open, this.#part(open, ''));
  }

  #delta(open: Open, delta: string): string {
    this.#texts.add(open.id, delta);
    const { type } = open.item;
    if (type === 'text') {
      const grown = { ...this.#place(open), delta, logprobs: [] };
      return this.#event({ type: 'response.output_text.delta', ...grown });
    }
    if (type === 'refusal') {
      return this.#event({ type: 'response.refusal.delta', ...this.#place(open), delta });
    }
    const where = { item_id: open.id, output_index: open.index };
    if (type === 'tool_call') {
      return this.#event({ type: 'response.function_call_arguments.delta', ...where, delta });
    }
    const opened = open.shown ? '' : this.#summaryPart('added', open, '');
    open.shown = true;
    const grown = { ...where, summary_index: 0, delta };
    return opened + this.#event({ type: 'response.reasoning_summary_text.delta', ...grown });
  }

  #cite(open: Open, citation: Citation): string {
    const [annotation] = writeAnnotation(citation);
    if (annotation === undefined || open.item.type !== 'text') return '';
    const annotation_index = open.citations.length;
    open.citations.push(citation);
    const added = { ...this.#place(open), annotation_index, annotation };
    return this.#event({ type: 'response.output_text.annotation.added', ...added });
  }

  #end(open: Open): string {
    const text = this.#texts.get(open.id);
    this.#texts.drop(open.id);
    const closed = this.#close(open, text);
    const item = this.#item(open, text);
    this.#output[open.index] = item;
    const done = closed + this.#itemEvent('done', open, item);
    return done + this.#sealCall(open);
  }

  /** What stands between the last piece of an item and its end. */
  #close(open: Open, text: string): string {
    const { type } = open.item;
    const where = { item_id: open.id, output_index: open.index };
    if (type === 'text' || type === 'refusal') {
      const place = this.#place(open);
      const done =
        type === 'text'
          ? { type: 'response.output_text.done', ...place, text, logprobs: [] }
          : { type: 'response.refusal.done', ...place, refusal: text };
      const part = this.#part(open, text);
      return this.#event(done) + this.#partEvent('response.content_part.done', open, part);
    }
    if (type === 'tool_call') {
      const { name } = open.item;
      const done = { ...where, name, arguments: text || '{}' };
      return this.#event({ type: 'response.function_call_arguments.done', ...done });
    }
    if (!open.shown) return '';
    const done = { ...where, summary_index: 0, text };
    const ended = this.#event({ type: 'response.reasoning_summary_text.done', ...done });
    return ended + this.#summaryPart('done', open, text);
  }

  /** The proof of a call follows it in an item of its own. */
  #sealCall(open: Open): string {
    if (open.item.type !== 'tool_call' || open.seal === null) return '';
    const index = this.#count++;
    const id = itemId(this.#asked, IDS.reasoning, index);
    const item = callSealItem(id, writeCallSeal(open.seal.seal, open.item.id));
    this.#output[index] = item;
    const added = this.#event({ type: 'response.output_item.added', output_index: index, item });
    return added + this.#event({ type: 'response.output_item.done', output_index: index, item });
  }

  /** As it stands at its beginning, or whole, with all its text. */
  #item(open: Open, text: string | null): JsonObject {
    const { id, item } = open;
    const status = text === null ? 'in_progress' : 'completed';
    if (item.type === 'tool_call') {
      const written = text === null ? '' : text || '{}';
      return callItem(id, status, { callId: item.id, name: item.name, arguments: written });
    }
    if (item.type !== 'reasoning') {
      return messageItem(id, status, text === null ? [] : [this.#part(open, text)]);
    }
    const { seal = null, redacted = false } = open.seal ?? {};
    return reasoningItem(id, { type: 'reasoning', text: text ?? '', seal, redacted });
  }

  #part(open: Open, text: string): JsonObject {
    if (open.item.type === 'refusal') return { type: 'refusal', refusal: text };
    return writeOutputText(text, open.citations);
  }

  #place(open: Open): JsonObject {
    return { item_id: open.id, output_index: open.index, content_index: 0 };
  }

  #partEvent(type: string, open: Open, part: JsonObject): string {
    return this.#event({ type, ...this.#place(open), part });
  }

  #summaryPart(what: 'added' | 'done', open: Open, text: string): string {
    return this.#event({
      type: `response.reasoning_summary_part.${what}`,
      item_id: open.id,
      output_index: open.index,
      summary_index: 0,
      part: { type: 'summary_text', text },
    });
  }

  #itemEvent(what: 'added' | 'done', open: Open, item: JsonObject): string {
    const type = `response.output_item.${what}`;
    return this.#event({ type, output_index: open.index, item });
  }

  #event(body: JsonObject): string {
    const { type, ...rest } = body;
    const numbered = { type, sequence_number: this.#sequence++, ...rest };
    return `event: ${String(type)}\ndata: ${JSON.stringify(numbered)}\n\n`;
  }
}
