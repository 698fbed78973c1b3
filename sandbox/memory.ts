/** What the sandbox remembers between calls, bounded: caches of prompts and stored answers. */
import type { JsonObject } from '../src/kit/json.ts';

/** The oldest entries are forgotten beyond these numbers. */
const PREFIXES_MAX = 10_000;
const ANSWERS_MAX = 1_000;
const TOKENS_MAX = 1_000;

/** A stored answer and the items that asked for it. */
export interface Stored {
  readonly answer: JsonObject;
  readonly items: readonly JsonObject[];
}

export class Memory {
  readonly #prefixes = new Map<string, number>();
  readonly #answers = new Map<string, Stored>();
  readonly #tokens = new Map<string, number>();

  /** True where this prompt's start was seen before; it is from now on. */
  seen(prefix: string): boolean {
    const key = Bun.hash(prefix).toString(36);
    const known = this.#prefixes.has(key);
    keep(this.#prefixes, { key, value: 1, most: PREFIXES_MAX });
    return known;
  }

  store(id: string, stored: Stored): void {
    keep(this.#answers, { key: id, value: stored, most: ANSWERS_MAX });
  }

  stored(id: string): Stored | null {
    return this.#answers.get(id) ?? null;
  }

  forget(id: string): boolean {
    return this.#answers.delete(id);
  }

  /** A token that is good until `endsMs`. */
  issue(token: string, endsMs: number): void {
    keep(this.#tokens, { key: token, value: endsMs, most: TOKENS_MAX });
  }

  isIssued(token: string, nowMs: number): boolean {
    return (this.#tokens.get(token) ?? 0) > nowMs;
  }

  reset(): void {
    this.#prefixes.clear();
    this.#answers.clear();
    this.#tokens.clear();
  }
}

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly most: number;
}

function keep<Value>(map: Map<string, Value>, entry: Entry<Value>): void {
  map.delete(entry.key);
  map.set(entry.key, entry.value);
  if (map.size > entry.most) map.delete(map.keys().next().value!);
}
