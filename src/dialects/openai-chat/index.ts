import type { Passage } from '../shape.ts';
import { readReply, replyContentBytes } from './reply.ts';
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
