/**
 * Proofs of other dialects in `encrypted_content`, packed (../seals.ts), which callers hand back
 * unread. That of a call stands in an item of its own, which says nothing else. Vendors of this
 * dialect never see one of these.
 */
import { isObject, type Json } from '../../kit/json.ts';
import { type PackedSeal, packSeal, SEAL_START, unpackSeal } from '../seals.ts';
import type { Item, Seal } from '../turn.ts';

export const RESPONSES = 'openai-responses';

export type Reasoning = Extract<Item, { type: 'reasoning' }>;

export function writeSeal(seal: Seal, redacted: boolean): string {
  return packSeal({ seal, of: redacted ? 'hidden' : 'thoughts' }, RESPONSES);
}

export function writeCallSeal(seal: Seal, callId: string): string {
  return packSeal({ seal, of: 'call', callId }, RESPONSES);
}

export function readSeal(text: string): PackedSeal {
  return unpackSeal(text) ?? { seal: { dialect: RESPONSES, value: text }, of: 'thoughts' };
}

/** Whether an item of the input holds a proof that is not for vendors of this dialect. */
export function isForeign(item: Json): boolean {
  if (!isObject(item) || item.type !== 'reasoning') return false;
  const { encrypted_content: sealed } = item;
  return typeof sealed === 'string' && unpackSeal(sealed) !== null;
}

/** Whether the text of a request may hold one. */
export const mayHoldForeign = (text: string): boolean => text.includes(SEAL_START);
