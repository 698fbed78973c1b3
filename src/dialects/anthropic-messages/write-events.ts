/** Common events as a caller's stream of this format. */
import type { Json, JsonObject } from '../../kit/json.ts';
import type { AskedContext, EventWriter } from '../shape.ts';
import type { StopReason, TurnEvent, TurnUsage } from '../turn.ts';
import { writeRefusal, writeStop, writeUsage, writeWholeUsage } from './usage.ts';
import { hidden, ofCall, shown, writeCitation } from './write-blocks.ts';

type Begun = Extract<TurnEvent, { type: 'begin' }>['item'];

/** An item that is under way. */
interface Open {
  readonly item: Begun;
  /** Number of its block; null: not begun on the wire, for a seal may change how it begins. */
  index: number | null;
}

export class MessageWriter implements EventWriter {
  readonly #asked: AskedContext;
  readonly #open = new Map<number, Open>();
  #id = '';
  #model = '';
  #usage: TurnUsage | null = null;
  #started = false;
  #blocks = 0;
  #refusal = '';
  #reason: StopReason = 'stop';
  #sequence: string | null = null;

  constructor(asked: AskedContext) {
    this.#asked = asked;
  }

  write(event: TurnEvent): string {
    switch (event.type) {
      case 'start':
        this.#id = event.id;
        this.#model = event.model;
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      default:
        // One answer: nobody can have asked for more in this format.
        return event.choice === 0 ? this.#start() + this.#write(event) : '';
    }
  }

  /** Reason and usage go out last, for usage may come after the reason. */
  end(): string {
    let out = this.#start();
    for (const at of [...this.#open.keys()]) out += this.#close(at);
    out += named('message_delta', {
      delta: {
        stop_reason: writeStop(this.#reason, this.#sequence),
        stop_sequence: this.#sequence,
        stop_details: writeRefusal(this.#reason, this.#refusal),
        container: null,
      },
      usage: writeUsage(this.#usage),
    });
    return out + named('message_stop', {});
  }

  #write(event: Exclude<TurnEvent, { type: 'start' | 'usage' }>): string {
    switch (event.type) {
      case 'begin':
        this.#open.set(event.at, { item: event.item, index: null });
        return event.item.type === 'text' ? this.#beginAt(event.at) : '';
      case 'delta':
        return this.#delta(event.at, event.text);
      case 'seal':
        return this.#seal(event);
      case 'citation': {
        const delta = { type: 'citations_delta', citation: writeCitation(event.citation) };
        return this.#deltaAt(event.at, delta);
      }
      case 'end':
        return this.#close(event.at);
      case 'stop':
        this.#reason = event.reason;
        this.#sequence = event.stopSequence;
        return '';
    }
  }

  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    return named('message_start', {
      message: {
        id: this.#id || this.#asked.callId,
        type: 'message',
        role: 'assistant',
        model: this.#model || this.#asked.request.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        usage: writeWholeUsage(this.#usage),
      },
    });
  }

  /** Begins the item's block, once. */
  #beginAt(at: number): string {
    const open = this.#open.get(at);
    if (open === undefined || open.index !== null || open.item.type === 'refusal') return '';
    return this.#block(open, emptyBlock(open.item));
  }

  #block(open: Open, block: JsonObject): string {
    open.index = this.#blocks;
    this.#blocks += 1;
    return named('content_block_start', { index: open.index, content_block: block });
  }

  #deltaAt(at: number, delta: JsonObject): string {
    const begun = this.#beginAt(at);
    const index = this.#open.get(at)?.index ?? null;
    return index === null ? begun : begun + named('content_block_delta', { index, delta });
  }

  #delta(at: number, text: string): string {
    switch (this.#open.get(at)?.item.type) {
      case 'text':
        return this.#deltaAt(at, { type: 'text_delta', text });
      case 'reasoning':
        return this.#deltaAt(at, { type: 'thinking_delta', thinking: text });
      case 'tool_call':
        return this.#deltaAt(at, { type: 'input_json_delta', partial_json: text });
      case 'refusal':
        this.#refusal += text;
        return '';
      default:
        return '';
    }
  }

  /** A seal of hidden thoughts is their block; one of a call travels in thoughts before it. */
  #seal({ at, seal, redacted }: Extract<TurnEvent, { type: 'seal' }>): string {
    const open = this.#open.get(at);
    if (open?.item.type === 'reasoning') {
      if (redacted && open.index === null) {
        return this.#block(open, { type: 'redacted_thinking', data: hidden(seal) });
      }
      return this.#deltaAt(at, { type: 'signature_delta', signature: shown(seal) });
    }
    if (open?.item.type !== 'tool_call' || open.index !== null) return '';
    const carrier: Open = { item: { type: 'reasoning' }, index: null };
    const begun = this.#block(carrier, emptyBlock(carrier.item));
    const { index } = carrier;
    const delta = { type: 'signature_delta', signature: ofCall(seal) };
    const signed = named('content_block_delta', { index, delta });
    return begun + signed + named('content_block_stop', { index });
  }

  #close(at: number): string {
    const begun = this.#beginAt(at);
    const index = this.#open.get(at)?.index ?? null;
    this.#open.delete(at);
    return index === null ? begun : begun + named('content_block_stop', { index });
  }
}

function emptyBlock(item: Begun): JsonObject {
  switch (item.type) {
    case 'reasoning':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool_call': {
      const caller = { type: 'direct' };
      return { type: 'tool_use', id: item.id, name: item.name, input: {}, caller };
    }
    default:
      return { type: 'text', text: '', citations: null };
  }
}

function named(type: string, fields: Record<string, Json>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
