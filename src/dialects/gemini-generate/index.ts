import type { CallerDialect, Passage, VendorDialect } from '../shape.ts';
import { writeFault, writeFaultEvent } from './fault.ts';
import { ContentReader } from './read-events.ts';
import { readTurn } from './read-turn.ts';
import { readReply, readWhole, writeReply } from './reply.ts';
import { readRequest } from './request.ts';
import { rewrite } from './rewrite.ts';
import { ContentWatch } from './watch.ts';
import { DIALECT } from './wire.ts';
import { ContentWriter, writeRemark } from './write-events.ts';
import { writeTurn } from './write-turn.ts';

/** Gemini's generateContent, as callers speak it. */
export const geminiGenerateCaller: CallerDialect = Object.freeze({
  id: DIALECT,
  readRequest,
  readTurn,
  writeReply,
  writeEvents: (asked) => new ContentWriter(asked),
  writeFault,
  writeFaultEvent,
  writeRemark,
} satisfies CallerDialect);

/** The same, as vendors are asked. */
export const geminiGenerateVendor: VendorDialect = Object.freeze({
  id: DIALECT,
  writeTurn,
  readReply,
  readEvents: (readError) => new ContentReader(readError),
} satisfies VendorDialect);

/** The same on both sides: untouched, for even the model stands in the path. */
export const geminiGeneratePassage: Passage = Object.freeze({
  id: DIALECT,
  writeRequest: rewrite,
  readReply: readWhole,
  watch: (_request, readError) => new ContentWatch(readError),
} satisfies Passage);
