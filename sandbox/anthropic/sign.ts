/** Signatures of thinking: the same text at the same model always has the same one. */

const SECRET = 'sandbox-thinking';

export function signThinking(thinking: string): string {
  return new Bun.CryptoHasher('sha256', SECRET).update(thinking).digest('base64');
}

/** Thinking that was withheld has a signature of its own, over nothing that the caller can see. */
const WITHHELD = signThinking('(withheld)');

/** True for what this sandbox signed: the text itself, or thinking that it withheld. */
export function isSigned(thinking: string, signature: string): boolean {
  return signature === signThinking(thinking) || (thinking === '' && signature === WITHHELD);
}

export function signWithheld(): string {
  return WITHHELD;
}
