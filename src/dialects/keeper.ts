/** Keeps texts that grow while a stream flows, where a format must tell them again at its end. */
import { Fault } from '../kit/fault.ts';

/** What one answer may grow to, all texts together. */
export const ANSWER_CHARS_MAX = 16 * 1024 * 1024;

export class TextKeeper {
  readonly #texts = new Map<string, string[]>();
  #chars = 0;

  /** Fault: `vendor_malformed` above ANSWER_CHARS_MAX. */
  add(key: string, text: string): void {
    this.#chars += text.length;
    if (this.#chars > ANSWER_CHARS_MAX) {
      throw new Fault('vendor_malformed', {
        message: `The vendor sent an answer of more than ${ANSWER_CHARS_MAX} characters.`,
      });
    }
    const pieces = this.#texts.get(key);
    if (pieces === undefined) this.#texts.set(key, [text]);
    else pieces.push(text);
  }

  get(key: string): string {
    return this.#texts.get(key)?.join('') ?? '';
  }

  drop(key: string): void {
    this.#chars -= this.get(key).length;
    this.#texts.delete(key);
  }
}
