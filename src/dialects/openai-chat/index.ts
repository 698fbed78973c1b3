import type { CallerDialect, Passage, VendorDialect } from '../shape.ts';
import { ChatEventReader } from './events-read.ts';
import { ChatEventWriter } from './events-write.ts';
import { writeFault, writeFaultEvent } from './fault.ts';
import { readReply, replyContentBytes } from './reply.ts';
import { readTurnReply, writeTurnReply } from './reply-turn.ts';
import { readRequest } from './request.ts';
import { readTurn } from './turn-read.ts';
import { writeTurn } from './turn-write.ts';
import { ChatWatch } from './watch.ts';
import { writeRequest } from './write.ts';

/** OpenAI's Chat Completions, the format that most vendors speak: untouched on its way. */
export const openaiChatPassage: Passage = Object.freeze({
  id: 'openai-chat',
  writeRequest,
  readReply: (text, readError) => {
    const body = readReply(text, readError);
    return { body, text, contentBytes: replyContentBytes(body) };
  },
  watch: (request, readError) => new ChatWatch(request.wantsUsage, readError),
} satisfies Passage);

/** The same, asked by callers of a model whose vendor speaks another format. */
export const openaiChatCaller: CallerDialect = Object.freeze({
  id: 'openai-chat',
  readRequest,
  readTurn,
  writeReply: writeTurnReply,
  writeEvents: (asked) => new ChatEventWriter(asked),
  writeFault,
  writeFaultEvent,
} satisfies CallerDialect);

/** The same, answered by vendors to callers of another format. */
export const openaiChatVendor: VendorDialect = Object.freeze({
  id: 'openai-chat',
  writeTurn,
  readReply: readTurnReply,
  readEvents: (readError) => new ChatEventReader(readError),
} satisfies VendorDialect);
