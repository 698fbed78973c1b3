import type { VendorDialect } from '../shape.ts';
import { CONVERSE } from './blocks.ts';
import { ConverseEventReader } from './events-read.ts';
import { readReply } from './reply.ts';
import { writeTurn } from './turn-write.ts';

/** AWS Bedrock's Converse: one format for the models of many makers. Only vendors speak it. */
export const bedrockConverseVendor: VendorDialect = Object.freeze({
  id: CONVERSE,
  writeTurn,
  readReply,
  readEvents: (readError) => new ConverseEventReader(readError),
} satisfies VendorDialect);
