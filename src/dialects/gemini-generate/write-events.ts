/** Common events as a caller's stream of this format: each piece is a small whole answer. */
import type { Json, JsonObject } from '../../kit/json.ts';
import type { AskedContext, EventWriter } from '../shape.ts';
import type { Citation, Seal, StopReason, TurnEvent, TurnUsage } from '../turn.ts';
import { writeGrounding } from './citations.ts';
import { writeStop, writeUsage } from './usage.ts';
import { carriedSeal, type Part, sealFirstCall, showCall } from './write-parts.ts';

type Begun = Extract<TurnEvent, { type: 'begin' }>['item'];

interface Open {
  readonly item: Begun;
  /** Of calls all of it, for arguments go out whole; of texts for the places of citations. */
  text: string;
  seal: Seal | null;
}

interface Choice {
  readonly open: Map<number, Open>;
  readonly chunks: JsonObject[];
  readonly supports: JsonObject[];
  /** Whether it has called a tool. */
  calls: boolean;
  refusal: string;
  stop: StopReason | null;
}

export class ContentWriter implements EventWriter {
  readonly #asked: AskedContext;
  readonly #choices = new Map<number, Choice>();
  #id = '';
  #model = '';
  #usage: TurnUsage | null = null;

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
      case 'stop':
        this.#choiceOf(event.choice).stop = event.reason;
        return '';
      case 'begin': {
        const open: Open = { item: event.item, text: '', seal: null };
        this.#choiceOf(event.choice).open.set(event.at, open);
        return '';
      }
      case 'end':
        return this.#end(event.choice, event.at);
      default:
        return this.#grow(event);
    }
  }

  /** Reasons and usage go out last, for usage may come after the reason. */
  end(): string {
    let out = '';
    for (const [number, choice] of this.#choices) {
      for (const at of [...choice.open.keys()]) out += this.#end(number, at);
    }
    const candidates = [...this.#choices].map(([number, choice]) => lastOf(number, choice));
    return out + this.#piece(candidates);
  }

  #choiceOf(number: number): Choice {
    const known = this.#choices.get(number);
    if (known !== undefined) return known;
    const choice = {
      open: new Map(),
      chunks: [],
      supports: [],
      calls: false,
      refusal: '',
      stop: null,
    };
    this.#choices.set(number, choice);
    return choice;
  }

  #grow(event: Extract<TurnEvent, { type: 'delta' | 'seal' | 'citation' }>): string {
    const choice = this.#choiceOf(event.choice);
    const open = choice.open.get(event.at);
    if (open === undefined) return '';
    if (event.type === 'citation') return addCitation(choice, open, event.citation);
    if (event.type === 'seal') return this.#seal(event, open);
    const { text } = event;
    switch (open.item.type) {
      case 'refusal':
        choice.refusal += text;
        return '';
      case 'tool_call':
        open.text += text;
        return '';
      case 'reasoning':
        return this.#part(event.choice, { text, thought: true });
      case 'text':
        open.text += text;
        return this.#part(event.choice, { text });
    }
  }

  #seal(event: Extract<TurnEvent, { type: 'seal' }>, open: Open): string {
    const { seal, redacted, choice } = event;
    switch (open.item.type) {
      case 'tool_call':
        open.seal = seal;
        return '';
      case 'reasoning': {
        const sealed = carriedSeal(seal, redacted ? 'hidden' : 'thoughts');
        return this.#part(choice, { text: '', thought: true, ...sealed });
      }
      case 'text':
        return this.#part(choice, { text: '', ...carriedSeal(seal, 'thoughts') });
      case 'refusal':
        return '';
    }
  }

  #end(number: number, at: number): string {
    const { open } = this.#choiceOf(number);
    const done = open.get(at);
    open.delete(at);
    if (done?.item.type !== 'tool_call') return '';
    const { id, name } = done.item;
    const call = { type: 'tool_call', id, name, arguments: done.text, seal: done.seal } as const;
    const part = showCall(call);
    const choice = this.#choiceOf(number);
    if (!choice.calls) sealFirstCall([part]);
    choice.calls = true;
    return this.#part(number, part);
  }

  #part(index: number, part: Part): string {
    return this.#piece([{ content: { role: 'model', parts: [part] }, index }]);
  }

  #piece(candidates: readonly JsonObject[]): string {
    const body: Record<string, Json> = {
      candidates,
      ...(this.#usage === null ? {} : { usageMetadata: writeUsage(this.#usage) }),
      modelVersion: this.#model || this.#asked.request.model,
      responseId: this.#id || this.#asked.callId,
    };
    return `data: ${JSON.stringify(body)}\n\n`;
  }
}

/**
 * PyPI google-genai fails at comments, so it is a piece of the answer without a word of text; its
 * users read what they know of it.
 */
export function writeRemark(remark: string): string {
  const content = { role: 'model', parts: [{ text: '' }] };
  return `data: ${JSON.stringify({ candidates: [{ content, index: 0 }], remark })}\n\n`;
}

function lastOf(index: number, choice: Choice): JsonObject {
  const { chunks, supports, refusal, stop } = choice;
  return {
    content: { role: 'model', parts: [{ text: '' }] },
    finishReason: writeStop(stop ?? 'stop'),
    ...(refusal === '' ? {} : { finishMessage: refusal }),
    index,
    ...(chunks.length === 0
      ? {}
      : { groundingMetadata: { groundingChunks: chunks, groundingSupports: supports } }),
  };
}

/** Goes out with the reason to stop, as this format has it. */
function addCitation(choice: Choice, open: Open, citation: Citation): string {
  const { chunks, supports } = writeGrounding([citation], open.text, 0);
  choice.supports.push(...supports(choice.chunks.length));
  choice.chunks.push(...chunks);
  return '';
}
