/** An answer in a format and framing of its own, ready for play.ts to send. */
import type { Json, JsonObject } from '../src/kit/json.ts';
import { splitTokens } from './tokens.ts';

/** One event of a stream. */
export interface Frame {
  readonly bytes: string | Uint8Array;
  /** What the caller reads of it, for counting. */
  readonly text: string;
  /** The usage that it carries. */
  readonly usage: JsonObject | null;
}

export interface Speech {
  /** The body of an answer that is not streamed, and the usage in it. */
  readonly whole: Json;
  readonly usage: JsonObject | null;
  readonly frames: readonly Frame[];
  /** Sent before and after the frames; not counted. */
  readonly start: string | null;
  readonly end: string | null;
  /** Content type of the stream. */
  readonly type: string;
  /** Comment lines may stand in it. */
  readonly commented: boolean;
  /** A frame that cannot be read. */
  readonly broken: string | Uint8Array;
  /** The frame that says an error in the middle. */
  readonly failure: (body: Json) => string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Tokens carried by one event of a stream. */
const TOKENS_AN_EVENT = 2;

/** A text cut as models stream it. */
export function groups(text: string): string[] {
  const tokens = splitTokens(text);
  const made: string[] = [];
  for (let at = 0; at < tokens.length; at += TOKENS_AN_EVENT) {
    made.push(tokens.slice(at, at + TOKENS_AN_EVENT).join(''));
  }
  return made;
}

/** Server-sent events without names. */
export function dataFrame(data: Json, text = '', usage: JsonObject | null = null): Frame {
  return { bytes: `data: ${JSON.stringify(data)}\n\n`, text, usage };
}

/** Server-sent events named after their `type`. */
export function namedFrame(data: JsonObject, text = '', usage: JsonObject | null = null): Frame {
  return { bytes: `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`, text, usage };
}

const SSE_TYPE = 'text/event-stream; charset=utf-8';

/** A stream of server-sent events; what is not given is as in OpenAI's chat. */
export function sseSpeech(
  own: Pick<Speech, 'whole' | 'usage' | 'frames'> & Partial<Speech>,
): Speech {
  return {
    start: null,
    end: null,
    type: SSE_TYPE,
    commented: true,
    broken: 'data: {"id":"broken","choices":[{"index":0,"delta":{"content":\n\n',
    failure: (body) => `data: ${JSON.stringify(body)}\n\n`,
    ...own,
  };
}

/** An answer that is never streamed. */
export function wholeSpeech(whole: Json, usage: JsonObject | null): Speech {
  return sseSpeech({ whole, usage, frames: [] });
}
