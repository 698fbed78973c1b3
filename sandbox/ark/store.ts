/** What the pretended Ark keeps: files, contexts, responses, pictures. Bounded, in memory. */
import type { JsonObject } from '../../src/kit/json.ts';

/** The oldest of a kind is forgotten beyond this number. */
const KEPT_MAX = 1_000;
/** Of an id, after its time. */
const ID_CHARS = 5;

export interface StoredFile {
  readonly id: string;
  readonly purpose: string;
  readonly filename: string;
  readonly bytes: number;
  readonly mimeType: string;
  readonly createdS: number;
  readonly expireS: number;
  /** When its processing is over; until then the status is `processing`. */
  readonly readyMs: number;
  readonly broken: boolean;
  readonly configs: JsonObject | null;
}

export interface StoredContext {
  readonly id: string;
  readonly model: string;
  readonly mode: 'session' | 'common_prefix';
  readonly ttlS: number;
  messages: readonly JsonObject[];
  endsMs: number;
}

export interface StoredResponse {
  readonly body: JsonObject;
  readonly items: readonly JsonObject[];
  /** The whole conversation after it, as chat messages. */
  readonly messages: readonly JsonObject[];
  readonly expireS: number;
}

export interface StoredPicture {
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly endsMs: number;
}

/** A map that forgets its oldest entry beyond a number. */
export class Kept<Value> {
  readonly #values = new Map<string, Value>();

  get(id: string): Value | undefined {
    return this.#values.get(id);
  }

  set(id: string, value: Value): void {
    this.#values.set(id, value);
    if (this.#values.size > KEPT_MAX) this.#values.delete(this.#values.keys().next().value!);
  }

  delete(id: string): boolean {
    return this.#values.delete(id);
  }

  list(): Value[] {
    return [...this.#values.values()];
  }

  clear(): void {
    this.#values.clear();
  }
}

export class ArkStore {
  readonly files = new Kept<StoredFile>();
  readonly contexts = new Kept<StoredContext>();
  readonly responses = new Kept<StoredResponse>();
  readonly pictures = new Kept<StoredPicture>();

  /** `file-20261126185600-x7k2p` and its kin: two sandboxes must not give the same. */
  nextId(prefix: string, nowMs: number): string {
    const stamp = new Date(nowMs).toISOString().replace(/\D/g, '').slice(0, 14);
    const bytes = crypto.getRandomValues(new Uint8Array(ID_CHARS));
    return `${prefix}-${stamp}-${[...bytes].map((byte) => (byte % 36).toString(36)).join('')}`;
  }

  reset(): void {
    for (const kept of [this.files, this.contexts, this.responses, this.pictures]) kept.clear();
  }
}
