/** Whole answers, in both directions. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { AskedContext, ErrorReader } from '../shape.ts';
import type { Item, TurnReply } from '../turn.ts';
import { ItemsReader } from './items-read.ts';
import { writeOutput, writeResponse } from './response.ts';
import { readStop, readUsage, writeStop } from './usage.ts';

const READ: ReadonlySet<unknown> = new Set(['message', 'reasoning', 'function_call']);

/**
 * The response in a vendor's whole answer. Throws the error of a failed one. Faults: malformed;
 * cut, where it is not finished.
 */
export function readResponse(body: Json, readError: ErrorReader): JsonObject {
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if ((body.error ?? null) !== null || body.status === 'failed') throw readError(body);
  if (!Array.isArray(body.output)) throw new Fault('vendor_malformed');
  if (body.status !== undefined && body.status !== 'completed' && body.status !== 'incomplete') {
    throw new Fault('vendor_cut');
  }
  return body;
}

export function readTurnReply(body: Json, readError: ErrorReader): TurnReply {
  const response = readResponse(body, readError);
  const items = readOutput(response.output as readonly Json[]);
  const said = {
    calls: items.some(({ type }) => type === 'tool_call'),
    refusal: items.some(({ type }) => type === 'refusal'),
  };
  return {
    id: typeof response.id === 'string' ? response.id : '',
    model: typeof response.model === 'string' ? response.model : '',
    createdS: typeof response.created_at === 'number' ? Math.floor(response.created_at) : 0,
    answers: [{ items, stop: readStop(response, said), stopSequence: null }],
    usage: readUsage(response.usage),
  };
}

/** Kinds that no other format knows are the vendor's own business. */
function readOutput(output: readonly Json[]): readonly Item[] {
  const reader = new ItemsReader();
  try {
    for (const item of output) {
      if (isObject(item) && READ.has(item.type)) reader.add({ of: item, path: '' });
    }
  } catch (error) {
    throw new Fault('vendor_malformed', { cause: error });
  }
  return reader.items;
}

/** A response has one answer. */
export function writeTurnReply(reply: TurnReply, asked: AskedContext): Json {
  const [answer] = reply.answers;
  const ending = writeStop(answer?.stop ?? 'stop');
  return writeResponse(asked, {
    model: reply.model || asked.request.model,
    createdS: asked.nowS,
    output: writeOutput(asked, answer?.items ?? [], ending),
    ending,
    usage: reply.usage,
  });
}
