/**
 * The wire formats that Gangway speaks, and what the relay asks of each. All pure. A format that
 * callers speak has a CallerDialect, one that vendors speak a VendorDialect; most have both, and
 * then the same format on both sides passes untouched (exchange.ts).
 */
import type { Fault } from '../kit/fault.ts';
import type { Json, JsonObject, Span } from '../kit/json.ts';
import type { ServerEvent } from '../kit/sse.ts';
import type { Turn, TurnEvent, TurnReply } from './turn.ts';

/** What is asked of a model, whatever the wire format. */
export type Family =
  | 'chat'
  | 'embeddings'
  | 'multimodal_embeddings'
  | 'rerank'
  | 'images'
  | 'tokenization'
  | 'context'
  | 'context_chat'
  | 'batch_chat'
  | 'bot_chat';

/** A caller's request, checked, with its text untouched. */
export interface WireRequest {
  readonly text: string;
  readonly body: JsonObject;
  readonly spans: ReadonlyMap<string, Span>;
  /** Offset of the opening brace. */
  readonly open: number;
  readonly model: string;
  readonly stream: boolean;
  /** Whether the caller asked to be shown the usage of its stream. */
  readonly wantsUsage: boolean;
  /** Never less than the input's true number of tokens. */
  readonly inputTokensBound: number;
  /** A fair guess of the same, for limits a minute. */
  readonly inputTokensGuess: number;
  /** The most output that the caller asked for, all choices together; null: not said. */
  readonly outputTokensAsked: number | null;
  /** How many answers the caller asked for. */
  readonly choices: number;
  /** Headers of the format that the caller sent, for a vendor of the same format. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What was read otherwise than it was said, for people. Absent: nothing. */
  readonly warnings?: readonly string[];
  /** The most that it can use beside tokens: unit -> count. Absent: nothing. */
  readonly unitsBound?: Readonly<Record<string, number>>;
  /** On what its price depends: name -> value. Absent: nothing. */
  readonly traits?: Readonly<Record<string, string>>;
}

/** What a request says outside of its body. */
export interface Place {
  /** Named in the path, where the format has it there. */
  readonly model?: string;
  /** Said by the path, where the format has it there. */
  readonly stream?: boolean;
  /** The version header of the format, such as 2023-06-01. */
  readonly version?: string;
  /** The header that asks for what is not yet in any version, as it was sent. */
  readonly preview?: string;
}

/** What one vendor wants otherwise; see vendors/shape.ts. */
export interface WireTweaks {
  readonly rename?: Readonly<Record<string, string>>;
  readonly refuse?: Readonly<Record<string, string>>;
  readonly force?: Readonly<Record<string, Json>>;
  readonly roles?: Readonly<Record<string, string>>;
  readonly thinking?: 'type' | 'flag';
  readonly thoughtsBack?: string;
  readonly toolTypes?: readonly string[];
}

export interface WriteWish {
  readonly wireModel: string;
  readonly tweaks: WireTweaks | undefined;
  /** Leave out what the vendor refuses instead of refusing the call. */
  readonly mayDrop: boolean;
  /** False where the vendor counts its streams unasked and refuses to be asked. */
  readonly asksUsage: boolean;
  /** Most inputs that the vendor takes in one request; absent: any number. */
  readonly inputsMax?: number;
  /** The most that the model can write, for formats in which that must be said. */
  readonly outputTokensMax?: number;
}

export interface Written {
  readonly text: string;
  /** Further bodies, where the vendor takes only so much in one; absent: none. */
  readonly rest?: readonly string[];
  /** Fields that were left out, with the caller's leave. */
  readonly dropped: readonly string[];
  /** What was said otherwise than the caller said it, for people. Absent: nothing. */
  readonly warnings?: readonly string[];
  /** Headers of this request alone, such as the version that it is written in. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Watches one stream of events on its way to the caller. */
export interface StreamWatch {
  /**
   * Bytes of whole events in, bytes for the caller out: the same object where nothing changes,
   * null where nothing is left. Throws the Fault that the vendor's error event stands for; where
   * something good came before it, that is the answer and the fault stands in `failed`.
   */
  look(events: Uint8Array): Uint8Array | null;
  /** Why nothing more is to be looked at, once that is so. */
  readonly failed: Error | null;
  /** After the last byte: the fault of a stream that is not complete, or null. */
  end(): Fault | null;
  /** What closes the caller's stream, once `end` has found it complete; null: nothing more. */
  readonly tail: Uint8Array | null;
  /** Whether a choice has been seen: until then the stream may still turn out to be a fault. */
  readonly begun: boolean;
  /** The body that carried the usage, in the vendor's own form, or null. */
  readonly usage: Json | null;
  /** Bytes of generated text seen so far. */
  readonly contentBytes: number;
}

/** What to throw for a vendor's error body; made by the relay for the upstream at hand. */
export type ErrorReader = (body: Json) => Error;

/** A whole answer on its way to the caller. */
export interface ReadReply {
  /** The vendor's body, for its meter. */
  readonly body: Json;
  /** For the caller: the vendor's own text where nothing changes. */
  readonly text: string;
  /** Bytes of generated text, for estimates where the vendor did not count. */
  readonly contentBytes: number;
}

/** What a translated answer needs to know of its question. */
export interface AskedContext {
  readonly request: WireRequest;
  readonly turn: Turn;
  /** Id for the answer in the caller's format, used where the vendor gives none. */
  readonly callId: string;
  readonly nowS: number;
}

/** Makes the caller's stream of common events. Stateful, one a stream. */
export interface EventWriter {
  /** Text of whole server-sent events; empty where there is nothing to say yet. */
  write(event: TurnEvent): string;
  /** After the last event: what closes a complete stream, such as `[DONE]`. */
  end(): string;
}

/** Makes common events of the vendor's stream. Stateful, one a stream. */
export interface EventReader {
  /** Throws what `readError` makes of an error event; Fault `vendor_malformed`. */
  read(event: ServerEvent): readonly TurnEvent[];
  /** After the last event: what is still to be told. Throws where the stream is not complete. */
  end(): readonly TurnEvent[];
  /** The body that carried the usage, in the vendor's own form, or null. */
  readonly usage: Json | null;
}

/** A format in which callers ask. */
export interface CallerDialect {
  readonly id: string;
  /** Faults: `invalid_json`, `json_too_deep`, `invalid_request` with the field. */
  readRequest(text: string, bytes: number, place?: Place): WireRequest;
  /** Fault: `invalid_request` for what has no common form and changes the meaning. */
  readTurn(request: WireRequest): Turn;
  writeReply(reply: TurnReply, asked: AskedContext): Json;
  writeEvents(asked: AskedContext): EventWriter;
  writeFault(fault: Fault, requestId: string): string;
  /** The last event of a stream that could not be completed; nothing follows it. */
  writeFaultEvent(fault: Fault, requestId: string): string;
}

/** A format in which vendors are asked. */
export interface VendorDialect {
  readonly id: string;
  /**
   * The body in this format. What it cannot say is refused (`unsupported_parameter`), or left out
   * and named in `dropped` where `mayDrop`; what is said otherwise stands in `warnings`.
   */
  writeTurn(turn: Turn, wish: WriteWish & { readonly stream: boolean }): Written;
  /** Throws what `readError` makes of an error under status 200; Faults: malformed, empty. */
  readReply(body: Json, readError: ErrorReader): TurnReply;
  readEvents(readError: ErrorReader): EventReader;
}

/** The same format on both sides: the caller's bytes but for what must differ. */
export interface Passage {
  readonly id: string;
  writeRequest(request: WireRequest, wish: WriteWish): Written;
  /** Checks a whole answer; throws the Fault of one that is not a success. */
  readReply(text: string, readError: ErrorReader): ReadReply;
  watch(request: WireRequest, readError: ErrorReader): StreamWatch;
}

/** How one caller's request is carried to one vendor's format, and the answer back. */
export interface Exchange {
  /** Whether the vendor is asked for a stream; absent: where the caller asked for one. */
  readonly streams?: boolean;
  write(request: WireRequest, wish: WriteWish): Written;
  readReply(text: string, readError: ErrorReader): ReadReply;
  /** The answers to the several bodies of one request, in their order, become one. */
  joinReplies?(texts: readonly string[], readError: ErrorReader): ReadReply;
  watch(readError: ErrorReader): StreamWatch;
}
