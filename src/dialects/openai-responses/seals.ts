/**
 * Proofs of other dialects in `encrypted_content`, which callers hand back unread:
 *
 *   gw1:anthropic-messages:-:…       of the thoughts of this item
 *   gw1:anthropic-messages:r:…       the same, and the thoughts are hidden in it
 *   gw1:gemini-generate:c/call_1:…   of the call with this id; the item says nothing else
 *
 * Anything else is this dialect's own. Vendors of this dialect never see one of these.
 */
import { isObject, type Json } from '../../kit/json.ts';
import type { Item, Seal } from '../turn.ts';

export const RESPONSES = 'openai-responses';
const MARK = 'gw1:';
const HIDDEN = 'r';
const SHOWN = '-';
const CALL = 'c/';

export type Reasoning = Extract<Item, { type: 'reasoning' }>;

export function writeSeal(seal: Seal, redacted: boolean): string {
  if (seal.dialect === RESPONSES) return seal.value;
  return `${MARK}${seal.dialect}:${redacted ? HIDDEN : SHOWN}:${seal.value}`;
}

export function writeCallSeal(seal: Seal, callId: string): string {
  return `${MARK}${seal.dialect}:${CALL}${encodeURIComponent(callId)}:${seal.value}`;
}

export interface ReadSeal {
  readonly seal: Seal;
  readonly redacted: boolean;
  /** The call that it proves; null: the thoughts of its own item. */
  readonly callId: string | null;
}

export function readSeal(text: string): ReadSeal {
  const parts = /^gw1:([^:]+):([^:]+):(.*)$/s.exec(text);
  if (parts === null) {
    return { seal: { dialect: RESPONSES, value: text }, redacted: false, callId: null };
  }
  const [, dialect = '', kind = '', value = ''] = parts;
  const callId = kind.startsWith(CALL) ? decodeCall(kind.slice(CALL.length)) : null;
  return { seal: { dialect, value }, redacted: kind === HIDDEN, callId };
}

function decodeCall(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether an item of the input holds a proof that is not for vendors of this dialect. */
export function isForeign(item: Json): boolean {
  if (!isObject(item) || item.type !== 'reasoning') return false;
  const { encrypted_content: sealed } = item;
  return typeof sealed === 'string' && sealed.startsWith(MARK);
}

/** Whether the text of a request may hold one. */
export const mayHoldForeign = (text: string): boolean => text.includes(`"${MARK}`);
