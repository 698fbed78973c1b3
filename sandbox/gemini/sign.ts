/** Thought signatures: made over the call they belong to, checked when it comes back. */
import type { JsonObject } from '../../src/kit/json.ts';

const SECRET = 'sandbox-thought';
/** Documented values for calls that another model made. */
const EXCUSES = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];

export function signThought(name: string, args: JsonObject): string {
  const text = `${name}\n${JSON.stringify(args)}`;
  return new Bun.CryptoHasher('sha256', SECRET).update(text).digest('base64');
}

export function signText(text: string): string {
  return new Bun.CryptoHasher('sha256', SECRET).update(`text\n${text}`).digest('base64');
}

export function isThoughtSigned(call: JsonObject, args: JsonObject, signature: string): boolean {
  if (EXCUSES.includes(signature)) return true;
  const decoded = Buffer.from(signature, 'base64').toString();
  return EXCUSES.includes(decoded) || signature === signThought(String(call.name), args);
}
