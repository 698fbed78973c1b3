import type { CallerDialect, Passage, VendorDialect } from '../shape.ts';
import { writeFault, writeFaultEvent } from './fault.ts';
import { DIALECT } from './marks.ts';
import { ChatReader } from './read-events.ts';
import { readTurn } from './read-turn.ts';
import { readReply, readWhole, writeReply } from './reply.ts';
import { readRequest } from './request.ts';
import { rewrite } from './rewrite.ts';
import { ChatWatch } from './watch.ts';
import { ChatWriter } from './write-events.ts';
import { writeTurn } from './write-turn.ts';

/** Cohere's chat of its second version, as callers speak it. */
export const cohereChatCaller: CallerDialect = Object.freeze({
  id: DIALECT,
  readRequest,
  readTurn,
  writeReply,
  writeEvents: (asked) => new ChatWriter(asked),
  writeFault,
  writeFaultEvent,
} satisfies CallerDialect);

/** The same, as vendors are asked. */
export const cohereChatVendor: VendorDialect = Object.freeze({
  id: DIALECT,
  writeTurn,
  readReply,
  readEvents: (readError) => new ChatReader(readError),
} satisfies VendorDialect);

/** The same on both sides: untouched. */
export const cohereChatPassage: Passage = Object.freeze({
  id: DIALECT,
  writeRequest: rewrite,
  readReply: readWhole,
  watch: (_request, readError) => new ChatWatch(readError),
} satisfies Passage);
