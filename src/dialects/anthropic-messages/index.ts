import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { tweak } from '../openai-chat/write.ts';
import type { CallerDialect, Passage, VendorDialect } from '../shape.ts';
import { DIALECT } from './blocks.ts';
import { writeFault, writeFaultEvent } from './fault.ts';
import { MessageReader } from './read-events.ts';
import { readTurn } from './read-turn.ts';
import { readReply, readWhole, writeReply } from './reply.ts';
import { readRequest } from './request.ts';
import { MessageWatch } from './watch.ts';
import { MessageWriter } from './write-events.ts';
import { writeTurn } from './write-turn.ts';

/** Anthropic's Messages, as callers speak it. */
export const anthropicMessagesCaller: CallerDialect = Object.freeze({
  id: DIALECT,
  readRequest,
  readTurn,
  writeReply,
  writeEvents: (asked) => new MessageWriter(asked),
  writeFault,
  writeFaultEvent,
} satisfies CallerDialect);

/** The same, as vendors are asked. */
export const anthropicMessagesVendor: VendorDialect = Object.freeze({
  id: DIALECT,
  writeTurn,
  readReply,
  readEvents: (readError) => new MessageReader(readError),
} satisfies VendorDialect);

/** The same on both sides: untouched, under the version that the caller named. */
export const anthropicMessagesPassage: Passage = Object.freeze({
  id: DIALECT,
  writeRequest(request, wish) {
    const edits = new Map<string, FieldEdit>();
    if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
    const dropped = tweak(request, { ...wish, edits });
    const { headers } = request;
    const text = editFields(request, edits);
    return { text, dropped, ...(headers === undefined ? {} : { headers }) };
  },
  readReply: readWhole,
  watch: (_request, readError) => new MessageWatch(readError),
} satisfies Passage);
