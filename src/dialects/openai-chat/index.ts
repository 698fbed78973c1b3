import type { Dialect } from '../shape.ts';
import { readReply, replyContentBytes } from './reply.ts';
import { readRequest } from './request.ts';
import { ChatWatch } from './watch.ts';
import { writeRequest } from './write.ts';

/** OpenAI's Chat Completions, the format that most vendors speak. */
export const openaiChat: Dialect = Object.freeze({
  id: 'openai-chat',
  readRequest,
  writeRequest,
  readReply,
  replyContentBytes,
  watch: (wantsUsage, readError) => new ChatWatch(wantsUsage, readError),
} satisfies Dialect);
