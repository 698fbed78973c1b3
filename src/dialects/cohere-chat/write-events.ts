/** Common events as a caller's stream of this format. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { TextKeeper } from '../keeper.ts';
import type { AskedContext, EventWriter } from '../shape.ts';
import type { StopReason, TurnEvent, TurnUsage } from '../turn.ts';
import { writeCitation } from './citations.ts';
import { isPlan } from './marks.ts';
import { writeStop, writeUsage } from './usage.ts';

type Begun = Extract<TurnEvent, { type: 'begin' }>['item'];
type ItemEvent = Exclude<TurnEvent, { type: 'start' | 'usage' | 'stop' }>;

/** An item that is under way. */
interface Open {
  readonly item: Begun;
  /** Number of its block or call; null: not begun on the wire. */
  index: number | null;
  /** Its text stands in the plan, which has no blocks. */
  planned: boolean;
  /** It is told later: calls are told one after the other, in whatever way they grow. */
  waits: boolean;
  ended: boolean;
}

export class ChatWriter implements EventWriter {
  readonly #asked: AskedContext;
  readonly #open = new Map<number, Open>();
  readonly #texts = new TextKeeper();
  #id = '';
  #usage: TurnUsage | null = null;
  #started = false;
  #blocks = 0;
  #calls = 0;
  #citations = 0;
  /** The call that is being told. */
  #calling: number | null = null;
  #reason: StopReason = 'stop';
  #sequence: string | null = null;

  constructor(asked: AskedContext) {
    this.#asked = asked;
  }

  write(event: TurnEvent): string {
    switch (event.type) {
      case 'start':
        this.#id = event.id;
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'stop':
        if (event.choice === 0) {
          this.#reason = event.reason;
          this.#sequence = event.stopSequence;
        }
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
    const finish_reason = writeStop(this.#reason, this.#sequence);
    return out + named('message-end', { delta: { finish_reason, usage: writeUsage(this.#usage) } });
  }

  #write(event: ItemEvent): string {
    switch (event.type) {
      case 'begin':
        return this.#begin(event);
      case 'delta':
        return this.#delta(event.at, event.text);
      case 'seal': {
        const open = this.#open.get(event.at);
        if (open?.index === null) open.planned = isPlan(event.seal);
        return '';
      }
      case 'citation':
        return this.#cite(event);
      case 'end':
        return this.#close(event.at);
    }
  }

  #begin({ at, item }: Extract<TurnEvent, { type: 'begin' }>): string {
    const isCall = item.type === 'tool_call';
    const waits = isCall && this.#calling !== null;
    this.#open.set(at, { item, index: null, planned: false, waits, ended: false });
    if (isCall) this.#calling ??= at;
    // Thoughts wait for their mark or their first word, to be known for what they are.
    return waits || item.type === 'reasoning' ? '' : this.#beginAt(at);
  }

  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    const empty = { content: [], tool_plan: '', tool_calls: [], citations: [] };
    return named('message-start', {
      id: this.#id || this.#asked.callId,
      delta: { message: { role: 'assistant', ...empty } },
    });
  }

  /** Begins the item's block or call, once. */
  #beginAt(at: number): string {
    const open = this.#open.get(at);
    if (open === undefined || open.index !== null || open.planned) return '';
    const { item } = open;
    if (item.type === 'tool_call') {
      open.index = this.#calls;
      this.#calls += 1;
      const { id, name } = item;
      const call = { id, type: 'function', function: { name, arguments: '' } };
      return inMessage('tool-call-start', open.index, { tool_calls: call });
    }
    open.index = this.#blocks;
    this.#blocks += 1;
    const content: JsonObject =
      item.type === 'reasoning' ? { type: 'thinking', thinking: '' } : { type: 'text', text: '' };
    return inMessage('content-start', open.index, { content });
  }

  #delta(at: number, text: string): string {
    const open = this.#open.get(at);
    if (open === undefined) return '';
    if (open.waits) {
      this.#texts.add(String(at), text);
      return '';
    }
    if (open.planned) {
      return named('tool-plan-delta', { delta: { message: { tool_plan: text } } });
    }
    const begun = this.#beginAt(at);
    const index = open.index ?? 0;
    if (open.item.type === 'tool_call') {
      const call = { function: { arguments: text } };
      return begun + inMessage('tool-call-delta', index, { tool_calls: call });
    }
    if (open.item.type === 'text') this.#texts.add(String(at), text);
    const field = open.item.type === 'reasoning' ? 'thinking' : 'text';
    return begun + inMessage('content-delta', index, { content: { [field]: text } });
  }

  #cite({ at, citation }: Extract<TurnEvent, { type: 'citation' }>): string {
    const open = this.#open.get(at);
    if (open?.item.type !== 'text') return '';
    const begun = this.#beginAt(at);
    const cited = writeCitation(citation, this.#texts.get(String(at)), open.index ?? 0);
    const index = this.#citations;
    this.#citations += 1;
    const started = inMessage('citation-start', index, { citations: cited });
    return begun + started + named('citation-end', { index });
  }

  #close(at: number): string {
    const open = this.#open.get(at);
    if (open?.waits) {
      open.ended = true;
      return '';
    }
    this.#open.delete(at);
    this.#texts.drop(String(at));
    if (open === undefined || open.index === null) return '';
    const { index } = open;
    if (open.item.type !== 'tool_call') return named('content-end', { index });
    this.#calling = null;
    return named('tool-call-end', { index }) + this.#next();
  }

  /** The next call, as far as it has come. */
  #next(): string {
    const [at, open] = [...this.#open].find(([, one]) => one.waits) ?? [];
    if (at === undefined || open === undefined) return '';
    this.#calling = at;
    open.waits = false;
    const text = this.#texts.get(String(at));
    this.#texts.drop(String(at));
    const told = this.#beginAt(at) + (text === '' ? '' : this.#delta(at, text));
    return open.ended ? told + this.#close(at) : told;
  }
}

function inMessage(type: string, index: number, message: JsonObject): string {
  return named(type, { index, delta: { message } });
}

function named(type: string, fields: Record<string, Json>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
