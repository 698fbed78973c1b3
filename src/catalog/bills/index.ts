/** Formats of bills by vendor. */
import { deepFreeze } from '../../kit/freeze.ts';
import { ARK } from './ark.ts';
import { GENERIC } from './generic.ts';
import { OPENAI } from './openai.ts';
import type { BillFormat } from './shape.ts';

const FORMATS: Readonly<Record<string, BillFormat>> = deepFreeze({ ark: ARK, openai: OPENAI });

/** The vendor's own format, or the plain one. */
export function billFormatOf(vendor: string): BillFormat {
  return FORMATS[vendor] ?? GENERIC;
}

export { GENERIC };
