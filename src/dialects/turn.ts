/**
 * What a chat is, whatever the wire: the common form between a caller's dialect and a vendor's.
 * A list of items, as the step-based formats have it: nothing of theirs is lost on the way. What a
 * side cannot say becomes a warning there, never silence.
 */
import type { Json, JsonObject } from '../kit/json.ts';

/** Where bytes of a picture, a sound or a file are. */
export type Media =
  | { readonly at: 'url'; readonly url: string; readonly mediaType: string | null }
  /** `data`: base64 without a prefix. */
  | { readonly at: 'inline'; readonly data: string; readonly mediaType: string }
  /** An id that only the side that gave it knows. */
  | { readonly at: 'id'; readonly id: string; readonly mediaType: string | null };

/** A mark that everything up to here may be cached; `ttl` such as "5m". A hint, never a must. */
export interface CacheMark {
  readonly ttl: string | null;
}

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly citations?: readonly Citation[];
  readonly cache?: CacheMark;
  /** Where a side proves its texts too. */
  readonly seal?: Seal;
}

export interface MediaPart {
  readonly type: 'image' | 'audio' | 'video' | 'file';
  readonly media: Media;
  readonly detail?: string;
  readonly filename?: string;
  readonly cache?: CacheMark;
  /** Whether the answer shall cite this file. */
  readonly cite?: boolean;
  /** What the model is told of the file, beside its content. */
  readonly context?: string;
}

export type ContentPart = TextPart | MediaPart;

/** Where a sentence of an answer comes from. */
export interface Citation {
  readonly url: string | null;
  readonly title: string | null;
  /** Offsets in the text, UTF-16 code units, end exclusive; null: not said. */
  readonly start: number | null;
  readonly end: number | null;
  /** The quoted words, where the side sends them. */
  readonly quote: string | null;
}

/**
 * A proof of thoughts or of a call, to be handed back unread to whom it came from. Another dialect
 * never gets it.
 */
export interface Seal {
  readonly dialect: string;
  readonly value: string;
}

/** What was said, in order. */
export type Item =
  | {
      readonly type: 'message';
      readonly role: 'system' | 'user' | 'assistant';
      readonly content: readonly ContentPart[];
      readonly name?: string;
    }
  | {
      readonly type: 'reasoning';
      /** Empty where only the seal is known. */
      readonly text: string;
      readonly seal: Seal | null;
      /** The text is hidden in the seal on purpose. */
      readonly redacted: boolean;
    }
  | {
      readonly type: 'tool_call';
      readonly id: string;
      readonly name: string;
      /** JSON text, as the model wrote it. */
      readonly arguments: string;
      readonly seal: Seal | null;
      readonly cache?: CacheMark;
    }
  | {
      readonly type: 'tool_result';
      readonly callId: string;
      /** Where the wire names the tool again. */
      readonly name: string | null;
      readonly content: readonly ContentPart[];
      readonly isError: boolean;
      readonly cache?: CacheMark;
    }
  | { readonly type: 'refusal'; readonly text: string };

export interface Tool {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of the arguments; null: none. */
  readonly parameters: JsonObject | null;
  readonly strict: boolean | null;
  readonly cache?: CacheMark;
}

export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  | { readonly mode: 'one'; readonly name: string }
  /** Only these, one of them where `required`. */
  | { readonly mode: 'some'; readonly names: readonly string[]; readonly required: boolean };

export type Format =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'schema';
      readonly name: string;
      readonly description: string | null;
      readonly schema: JsonObject;
      readonly strict: boolean;
    };

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

export interface Thinking {
  /** null: the model decides. */
  readonly enabled: boolean | null;
  readonly effort: Effort | null;
  readonly budgetTokens: number | null;
  /** May the thoughts be shown? null: not said. */
  readonly show: boolean | null;
}

/** A request for one answer (or `choices` of them). Absent settings are null. */
export interface Turn {
  readonly items: readonly Item[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | null;
  readonly parallelTools: boolean | null;
  readonly format: Format | null;
  readonly thinking: Thinking | null;
  readonly outputTokensMax: number | null;
  readonly stop: readonly string[];
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly seed: number | null;
  readonly presencePenalty: number | null;
  readonly frequencyPenalty: number | null;
  readonly choices: number;
  readonly user: string | null;
  readonly serviceTier: string | null;
  readonly metadata: JsonObject | null;
  /**
   * Fields of the caller's dialect that no common form exists for: field -> value. A field inside
   * of the body stands by its path, such as `tools[1]`.
   */
  readonly others: Readonly<Record<string, Json>>;
  /** The format in which it was asked: `others` and ids of files have a meaning only there. */
  readonly origin?: string;
  /** The side may cache as much of the question as it can. */
  readonly cache?: CacheMark;
}

/** Why an answer ended. */
export type StopReason = 'stop' | 'length' | 'tool_calls' | 'refusal' | 'filter' | 'pause';

/** Tokens of one answer. Cached and written input are part of `input`, reasoning of `output`. */
export interface TurnUsage {
  readonly input: number;
  readonly output: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

export interface Answered {
  readonly items: readonly Item[];
  readonly stop: StopReason;
  /** The text at which it stopped, where that was asked for. */
  readonly stopSequence: string | null;
}

/** A whole answer. */
export interface TurnReply {
  /** The vendor's id of it; empty where it gave none. */
  readonly id: string;
  readonly model: string;
  readonly createdS: number;
  /** One a choice; almost always one. */
  readonly answers: readonly Answered[];
  readonly usage: TurnUsage | null;
}

/**
 * One step of a streamed answer. An item opens with `begin`, grows by `delta`, and closes with
 * `end`; items of one choice follow each other, but tool calls may grow side by side. `at`: number
 * of the item within its choice, in order of their beginning.
 */
export type TurnEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | {
      readonly type: 'begin';
      readonly choice: number;
      readonly at: number;
      readonly item:
        | { readonly type: 'text' | 'reasoning' | 'refusal' }
        | { readonly type: 'tool_call'; readonly id: string; readonly name: string };
    }
  /** More of the text, the thoughts, the refusal, or the JSON text of the arguments. */
  | {
      readonly type: 'delta';
      readonly choice: number;
      readonly at: number;
      readonly text: string;
    }
  | {
      readonly type: 'seal';
      readonly choice: number;
      readonly at: number;
      readonly seal: Seal;
      readonly redacted: boolean;
    }
  | {
      readonly type: 'citation';
      readonly choice: number;
      readonly at: number;
      readonly citation: Citation;
    }
  | { readonly type: 'end'; readonly choice: number; readonly at: number }
  | {
      readonly type: 'stop';
      readonly choice: number;
      readonly reason: StopReason;
      readonly stopSequence: string | null;
    }
  | { readonly type: 'usage'; readonly usage: TurnUsage };
