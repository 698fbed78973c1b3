/**
 * Seals on their way through a caller of another format: packed into the place where that format
 * keeps its own, so that its clients hand them back unread, and unpacked when they return. Base64,
 * for some clients decode and encode such places, in either alphabet.
 */
import { isObject, parseJson } from '../kit/json.ts';
import type { Seal } from './turn.ts';

/** Twelve bytes, which are sixteen characters of base64 whatever follows. */
const MARK = 'gangway-seal';
const MARK_BASE64 = Buffer.from(MARK).toString('base64');

export interface PackedSeal {
  readonly seal: Seal;
  /** What it proves: thoughts, thoughts that are hidden in it, or the call that comes next. */
  readonly of: 'thoughts' | 'hidden' | 'call';
}

/** The seal's own text where it is of this format, else packed. */
export function packSeal(packed: PackedSeal, dialect: string): string {
  const { seal, of } = packed;
  if (seal.dialect === dialect) return seal.value;
  const text = MARK + JSON.stringify({ dialect: seal.dialect, value: seal.value, of });
  return Buffer.from(text).toString('base64');
}

/** null: this is no seal of ours. */
export function unpackSeal(text: string): PackedSeal | null {
  if (!text.startsWith(MARK_BASE64)) return null;
  const body = parseJson(Buffer.from(text, 'base64').toString('utf8').slice(MARK.length));
  if (!isObject(body)) return null;
  const { dialect, value, of } = body;
  if (typeof dialect !== 'string' || typeof value !== 'string') return null;
  if (of !== 'thoughts' && of !== 'hidden' && of !== 'call') return null;
  return { seal: { dialect, value }, of };
}
