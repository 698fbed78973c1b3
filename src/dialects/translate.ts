/** From a caller's format to a vendor's other one and back, through the common turn. Pure. */
import { Fault } from '../kit/fault.ts';
import { type Json, parseJson } from '../kit/json.ts';
import { asBuffer, splitEvents } from '../kit/sse.ts';
import type {
  AskedContext,
  CallerDialect,
  EventReader,
  EventWriter,
  Exchange,
  StreamWatch,
  VendorDialect,
} from './shape.ts';
import type { Item, Turn, TurnEvent, TurnReply } from './turn.ts';

export function translate(
  caller: CallerDialect,
  vendor: VendorDialect,
  wish: Omit<AskedContext, 'turn'>,
): Exchange {
  let turn: Turn | null = null;
  const asked = (): AskedContext => {
    turn ??= caller.readTurn(wish.request);
    return { request: wish.request, turn, callId: wish.callId, nowS: wish.nowS };
  };
  return {
    write: (request, how) => vendor.writeTurn(asked().turn, { ...how, stream: request.stream }),
    readReply(text, readError) {
      const body = parseJson(text);
      if (body === undefined) throw new Fault('vendor_malformed');
      const reply = vendor.readReply(body, readError);
      const written = JSON.stringify(caller.writeReply(reply, asked()));
      return { body, text: written, contentBytes: replyBytes(reply) };
    },
    watch: (readError) =>
      new TranslatingWatch(vendor.readEvents(readError), caller.writeEvents(asked())),
  };
}

/** Bytes that the model wrote: text, thoughts, refusals, names and arguments of calls. */
function replyBytes(reply: TurnReply): number {
  let bytes = 0;
  for (const answer of reply.answers) for (const item of answer.items) bytes += itemBytes(item);
  return bytes;
}

function itemBytes(item: Item): number {
  switch (item.type) {
    case 'message':
      return item.content.reduce(
        (sum, part) => sum + (part.type === 'text' ? Buffer.byteLength(part.text) : 0),
        0,
      );
    case 'tool_call':
      return Buffer.byteLength(item.name) + Buffer.byteLength(item.arguments);
    case 'tool_result':
      return 0;
    default:
      return Buffer.byteLength(item.text);
  }
}

/** The vendor's events in, the caller's events out. */
export class TranslatingWatch implements StreamWatch {
  readonly #reader: EventReader;
  readonly #writer: EventWriter;
  #begun = false;
  failed: Error | null = null;
  tail: Uint8Array | null = null;
  contentBytes = 0;

  constructor(reader: EventReader, writer: EventWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get usage(): Json | null {
    return this.#reader.usage;
  }

  look(events: Uint8Array): Uint8Array | null {
    if (this.failed !== null) throw this.failed;
    let out = '';
    for (const event of splitEvents(asBuffer(events).toString('utf8'))) {
      if (event.data === null) continue;
      try {
        out += this.#pass(this.#reader.read(event));
      } catch (thrown) {
        this.failed = toError(thrown);
        if (out === '') throw this.failed;
        break;
      }
    }
    return out === '' ? null : Buffer.from(out);
  }

  end(): Fault | null {
    if (this.failed !== null) throw this.failed;
    try {
      const last = this.#pass(this.#reader.end());
      if (!this.#begun) return new Fault('vendor_empty');
      const closing = last + this.#writer.end();
      this.tail = closing === '' ? null : Buffer.from(closing);
      return null;
    } catch (thrown) {
      const error = toError(thrown);
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  #pass(events: readonly TurnEvent[]): string {
    let out = '';
    for (const event of events) {
      if (event.type !== 'start' && event.type !== 'usage') this.#begun = true;
      if (event.type === 'delta') this.contentBytes += Buffer.byteLength(event.text);
      if (event.type === 'begin' && event.item.type === 'tool_call') {
        this.contentBytes += Buffer.byteLength(event.item.name);
      }
      out += this.#writer.write(event);
    }
    return out;
  }
}

const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Fault('internal_error', { cause: thrown });
