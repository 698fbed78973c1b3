/**
 * Thoughts and their proofs in a format that has no place for them. A message and a delta carry
 * `reasoning_details`, a list in the shape that aggregators use there:
 *
 *   {"type":"reasoning.text","text":"…","signature":"…","format":"anthropic-messages"}
 *   {"type":"reasoning.encrypted","data":"…","format":"anthropic-messages"}   hidden thoughts
 *   {"type":"reasoning.encrypted","data":"…","format":"…","id":"call_1"}      proof of that call
 *
 * `format` names the dialect that the proof is for. Handed back in the next request's messages,
 * they go to it unread. Details in a vendor's own format, and `encrypted_content`, go back to
 * vendors of this dialect as they came.
 */
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { Item, Seal } from '../turn.ts';

export const CHAT = 'openai-chat';
/** The dialects that seal, and this one for thoughts without; other formats are vendors' own. */
const FORMATS: ReadonlySet<unknown> = new Set([
  CHAT,
  'anthropic-messages',
  'gemini-generate',
  'openai-responses',
  'cohere-chat',
]);
const OWN_FIELDS = ['encrypted_content', 'reasoning_details'] as const;
const TEXT = 'reasoning.text';
const ENCRYPTED = 'reasoning.encrypted';

type Reasoning = Extract<Item, { type: 'reasoning' }>;

export interface ReadSeals {
  readonly thoughts: readonly Reasoning[];
  /** Proofs of calls, by the call's id. */
  readonly calls: ReadonlyMap<string, Seal>;
  /** What is to be handed back to vendors of this dialect: fields of a message. */
  readonly own: Seal | null;
}

export function readSeals(message: JsonObject): ReadSeals {
  const details = Array.isArray(message.reasoning_details)
    ? (message.reasoning_details as readonly Json[]).filter(isObject)
    : [];
  const thoughts: Reasoning[] = [];
  const calls = new Map<string, Seal>();
  for (const detail of details) {
    if (!FORMATS.has(detail.format)) continue;
    const read = readDetail(detail);
    if (read.callId !== null) calls.set(read.callId, read.seal);
    else thoughts.push(read.item);
  }
  const theirs = details.filter((detail) => !FORMATS.has(detail.format));
  return { thoughts, calls, own: ownSeal(message.encrypted_content, theirs) };
}

/** Only what proves something is kept: bare text stands in the message already. */
export function ownSeal(encrypted: Json | undefined, details: readonly JsonObject[]): Seal | null {
  const fields: Record<string, Json> = {};
  if (typeof encrypted === 'string' && encrypted !== '') fields.encrypted_content = encrypted;
  if (details.some(({ signature, data }) => Boolean(signature) || Boolean(data))) {
    fields.reasoning_details = details;
  }
  if (Object.keys(fields).length === 0) return null;
  return { dialect: CHAT, value: JSON.stringify(fields) };
}

type ReadDetail =
  | { readonly callId: string; readonly seal: Seal }
  | { readonly callId: null; readonly item: Reasoning };

/** A detail whose format is one of ours. */
export function readDetail(detail: JsonObject): ReadDetail {
  const redacted = detail.type === ENCRYPTED;
  const value = redacted ? detail.data : detail.signature;
  const dialect = String(detail.format);
  const seal = dialect === CHAT || typeof value !== 'string' ? null : { dialect, value };
  if (redacted && seal !== null && typeof detail.id === 'string') {
    return { callId: detail.id, seal };
  }
  const text = typeof detail.text === 'string' ? detail.text : '';
  return { callId: null, item: { type: 'reasoning', text, seal, redacted } };
}

export const isOurs = (detail: JsonObject): boolean => FORMATS.has(detail.format);

export function writeDetail({ text, seal, redacted }: Reasoning): JsonObject {
  if (seal === null) return { type: TEXT, text, format: CHAT };
  const format = seal.dialect;
  if (redacted) return { type: ENCRYPTED, data: seal.value, format };
  return { type: TEXT, text, signature: seal.value, format };
}

export function writeCallDetail(callId: string, seal: Seal): JsonObject {
  return { type: ENCRYPTED, data: seal.value, format: seal.dialect, id: callId };
}

/** The fields of a message that an own seal stands for; none where it is not one. */
export function openOwn(seal: Seal | null): JsonObject {
  const fields = seal?.dialect === CHAT ? parseJson(seal.value) : null;
  if (!isObject(fields ?? null)) return {};
  const out: Record<string, Json> = {};
  for (const field of OWN_FIELDS) {
    const value = (fields as JsonObject)[field];
    if (value !== undefined) out[field] = value;
  }
  return out;
}
