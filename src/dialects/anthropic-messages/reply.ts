/** Whole messages: a vendor's as a common reply, and a common reply as a caller's. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import type { AskedContext, ErrorReader, ReadReply } from '../shape.ts';
import type { Item, TurnReply } from '../turn.ts';
import { BlockReader } from './blocks.ts';
import {
  readRefusal,
  readStop,
  readUsage,
  writeRefusal,
  writeStop,
  writeWholeUsage,
} from './usage.ts';
import { type Block, ofCall, showThoughts, writeCall, writeCitation } from './write-blocks.ts';

/** Some vendors send their errors under status 200. */
export function isErrorBody(body: JsonObject): boolean {
  return body.type === 'error' || (isObject(body.error) && body.content === undefined);
}

function successOf(body: Json | undefined, readError: ErrorReader): JsonObject {
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if (isErrorBody(body)) throw readError(body);
  if (!Array.isArray(body.content)) throw new Fault('vendor_empty');
  return body;
}

/** An answer on its way to a caller of the same format. */
export function readWhole(text: string, readError: ErrorReader): ReadReply {
  const body = successOf(parseJson(text), readError);
  let contentBytes = 0;
  for (const block of body.content as readonly Json[]) contentBytes += blockBytes(block);
  return { body, text, contentBytes };
}

/** Bytes that the model wrote, for estimates where the vendor did not count. */
export function blockBytes(block: Json): number {
  if (!isObject(block)) return 0;
  let bytes = 0;
  for (const field of ['text', 'thinking', 'partial_json', 'name']) {
    const value = block[field];
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
  }
  return block.type === 'tool_use' && isObject(block.input)
    ? bytes + Buffer.byteLength(JSON.stringify(block.input))
    : bytes;
}

/** What only the vendor's own tools make; nobody who asks through here can have asked for them. */
const COMMON_BLOCKS: ReadonlySet<unknown> = new Set([
  ...['text', 'thinking', 'redacted_thinking', 'tool_use'],
]);

export function readReply(whole: Json, readError: ErrorReader): TurnReply {
  const body = successOf(whole, readError);
  const reader = new BlockReader('assistant');
  for (const [at, block] of (body.content as readonly Json[]).entries()) {
    if (isObject(block) && COMMON_BLOCKS.has(block.type)) readBlock(reader, block, at);
  }
  const items: Item[] = [...reader.end()];
  const refusal = readRefusal(body.stop_details);
  if (refusal !== null) items.push({ type: 'refusal', text: refusal });
  const sequence = body.stop_sequence;
  return {
    id: typeof body.id === 'string' ? body.id : '',
    model: typeof body.model === 'string' ? body.model : '',
    createdS: 0,
    answers: [
      {
        items,
        stop: readStop(body.stop_reason),
        stopSequence: typeof sequence === 'string' ? sequence : null,
      },
    ],
    usage: readUsage(body.usage),
  };
}

/** What a vendor sends wrongly is no fault of the caller. */
function readBlock(reader: BlockReader, block: JsonObject, at: number): void {
  try {
    reader.read(block, `content[${at}]`);
  } catch (error) {
    throw new Fault('vendor_malformed', { cause: error });
  }
}

/** One answer: the format has no place for more, and nobody can have asked for them in it. */
export function writeReply(reply: TurnReply, asked: AskedContext): Json {
  const answer = reply.answers[0] ?? { items: [], stop: 'stop' as const, stopSequence: null };
  const refusal = answer.items.flatMap((item) => (item.type === 'refusal' ? [item.text] : []));
  return {
    id: reply.id || asked.callId,
    type: 'message',
    role: 'assistant',
    model: reply.model || asked.request.model,
    content: answer.items.flatMap(showItem),
    stop_reason: writeStop(answer.stop, answer.stopSequence),
    stop_sequence: answer.stopSequence,
    stop_details: writeRefusal(answer.stop, refusal.join('')),
    container: null,
    diagnostics: null,
    usage: writeWholeUsage(reply.usage),
  };
}

function showItem(item: Item): Block[] {
  switch (item.type) {
    case 'message':
      return item.content.flatMap((part): Block[] =>
        part.type === 'text'
          ? [
              {
                type: 'text',
                text: part.text,
                citations: part.citations?.map(writeCitation) ?? null,
              },
            ]
          : [],
      );
    case 'reasoning':
      return [showThoughts(item)];
    case 'tool_call': {
      const call = { ...writeCall(item, null), caller: { type: 'direct' } };
      if (item.seal === null) return [call];
      return [{ type: 'thinking', thinking: '', signature: ofCall(item.seal) }, call];
    }
    default:
      return [];
  }
}
