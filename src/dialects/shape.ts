/** The wire formats that Gangway speaks, and what the relay asks of each. All pure. */
import type { Fault } from '../kit/fault.ts';
import type { Json, JsonObject, Span } from '../kit/json.ts';

export type DialectId = 'openai-chat';

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
}

/** What one vendor wants otherwise; see vendors/shape.ts. */
export interface WireTweaks {
  readonly rename?: Readonly<Record<string, string>>;
  readonly refuse?: Readonly<Record<string, string>>;
  readonly force?: Readonly<Record<string, Json>>;
  readonly roles?: Readonly<Record<string, string>>;
}

export interface WriteWish {
  readonly wireModel: string;
  readonly tweaks: WireTweaks | undefined;
  /** Leave out what the vendor refuses instead of refusing the call. */
  readonly mayDrop: boolean;
  /** False where the vendor counts its streams unasked and refuses to be asked. */
  readonly asksUsage: boolean;
}

export interface Written {
  readonly text: string;
  /** Fields that were left out, with the caller's leave. */
  readonly dropped: readonly string[];
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
  /** Whether a choice has been seen: until then the stream may still turn out to be a fault. */
  readonly begun: boolean;
  /** The body that carried the usage, or null. */
  readonly usage: Json | null;
  /** Bytes of generated text seen so far. */
  readonly contentBytes: number;
}

/** What to throw for a vendor's error body; made by the relay for the upstream at hand. */
export type ErrorReader = (body: Json) => Error;

export interface Dialect {
  readonly id: DialectId;
  readRequest(text: string, bytes: number): WireRequest;
  writeRequest(request: WireRequest, wish: WriteWish): Written;
  /** Checks a whole answer; throws the Fault of one that is not a success. */
  readReply(text: string, readError: ErrorReader): Json;
  watch(wantsUsage: boolean, readError: ErrorReader): StreamWatch;
  /** Bytes of generated text in a whole answer. */
  replyContentBytes(body: Json): number;
}
