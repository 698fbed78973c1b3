/**
 * Thoughts of other models, which a client hands on when its user changes the model: they carry a
 * seal of another format, or none, and vendors of this one refuse both.
 */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { SEAL_START, unpackSeal } from '../seals.ts';
import type { WireRequest } from '../shape.ts';

const UNSEALED = /"signature":\s*""/;

/** The messages without them; null: there are none, as is the case for almost all. */
export function withoutForeign({ body, text }: WireRequest): readonly Json[] | null {
  const mayHold =
    text.includes(SEAL_START) || (text.includes('"signature"') && UNSEALED.test(text));
  if (!mayHold) return null;
  const messages = body.messages as readonly JsonObject[];
  const kept = messages.map(stripped);
  return kept.every((message, at) => message === messages[at]) ? null : kept.filter(hasContent);
}

function stripped(message: JsonObject): JsonObject {
  if (!Array.isArray(message.content)) return message;
  const blocks = message.content as readonly Json[];
  const content = blocks.filter((block) => !isForeign(block));
  return content.length === blocks.length ? message : { ...message, content };
}

function isForeign(block: Json): boolean {
  if (!isObject(block)) return false;
  const { type, signature, data } = block;
  if (type === 'redacted_thinking') return typeof data === 'string' && unpackSeal(data) !== null;
  if (type !== 'thinking' || typeof signature !== 'string') return false;
  return signature === '' || unpackSeal(signature) !== null;
}

const hasContent = ({ content }: JsonObject): boolean =>
  !Array.isArray(content) || content.length > 0;
