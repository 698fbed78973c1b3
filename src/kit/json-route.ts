/**
 * A route of a JSON API before it becomes HTTP. The rooms that answer and the room that serves do
 * not know each other; this is what they agree on.
 */
import type { JsonObject } from './json.ts';

export interface JsonAsk {
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Empty where the method carries none. */
  readonly body: JsonObject;
}

export interface JsonReply {
  readonly status: number;
  readonly body: JsonObject;
}

export interface JsonRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly access: 'caller' | 'operator';
  readonly answer: (ask: JsonAsk) => Promise<JsonReply>;
}
