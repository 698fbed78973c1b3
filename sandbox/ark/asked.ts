/** What a handler of the pretended Ark gets, and what it gives back. */
import type { Json, JsonObject } from '../../src/kit/json.ts';
import type { WireRequest } from '../wire.ts';
import type { ArkStore } from './store.ts';

export interface Asked {
  readonly store: ArkStore;
  readonly request: WireRequest;
  /** Empty where the request has none. */
  readonly body: JsonObject;
  /** The parts of the path in brackets. */
  readonly params: readonly string[];
  /** Number of the call. */
  readonly n: number;
  readonly nowMs: number;
  /** Of the sandbox, for links: no slash at the end. */
  readonly origin: string;
}

export interface Event {
  /** Of the `event:` line; null where there is none. */
  readonly name: string | null;
  readonly json: JsonObject;
  /** What the caller reads of it, for counting. */
  readonly text?: string;
  readonly usage?: JsonObject;
}

export type Answer =
  | { readonly json: Json; readonly usage?: JsonObject }
  | { readonly events: readonly Event[] };

export type Handler = (asked: Asked) => Answer | Promise<Answer>;

export function nowS(asked: Asked): number {
  return Math.floor(asked.nowMs / 1000);
}

export function idOf(asked: Asked): string {
  return `0217${asked.n.toString(16).padStart(48, '0')}`;
}
