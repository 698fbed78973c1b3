import { writeFault } from '../openai-chat/fault.ts';
import type { CallerDialect, Passage, VendorDialect } from '../shape.ts';
import { ResponsesEventReader } from './events-read.ts';
import { ResponsesEventWriter } from './events-write.ts';
import { writeFaultEvent } from './fault.ts';
import { readReply } from './reply.ts';
import { readTurnReply, writeTurnReply } from './reply-turn.ts';
import { readRequest } from './request.ts';
import { readTurn } from './turn-read.ts';
import { writeTurn } from './turn-write.ts';
import { ResponsesWatch } from './watch.ts';
import { writeRequest } from './write.ts';

/** OpenAI's Responses: a list of items in, a list of items out. Untouched on its way. */
export const openaiResponsesPassage: Passage = Object.freeze({
  id: 'openai-responses',
  writeRequest,
  readReply,
  watch: (_request, readError) => new ResponsesWatch(readError),
} satisfies Passage);

/** The same, asked by callers of a model whose vendor speaks another format. */
export const openaiResponsesCaller: CallerDialect = Object.freeze({
  id: 'openai-responses',
  readRequest,
  readTurn,
  writeReply: writeTurnReply,
  writeEvents: (asked) => new ResponsesEventWriter(asked),
  writeFault,
  writeFaultEvent,
} satisfies CallerDialect);

/** The same, answered by vendors to callers of another format. */
export const openaiResponsesVendor: VendorDialect = Object.freeze({
  id: 'openai-responses',
  writeTurn,
  readReply: readTurnReply,
  readEvents: (readError) => new ResponsesEventReader(readError),
} satisfies VendorDialect);
