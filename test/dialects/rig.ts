/** What the tests of the dialects share. */
import { openaiChatPassage } from '../../src/dialects/openai-chat/index.ts';
import { readRequest } from '../../src/dialects/openai-chat/request.ts';
import type {
  AskedContext,
  CallerDialect,
  ErrorReader,
  WriteWish,
} from '../../src/dialects/shape.ts';
import { Fault } from '../../src/kit/fault.ts';
import { isObject, type Json } from '../../src/kit/json.ts';

/** The fault that `run` throws. */
export function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

export const readError: ErrorReader = (body) => {
  const error = isObject(body) ? body.error : null;
  const message = isObject(error) ? String(error.message) : JSON.stringify(body);
  return new Fault('vendor_error', { message });
};

const WISH: WriteWish = { wireModel: 'wire', tweaks: undefined, mayDrop: false, asksUsage: true };

/** The caller's text as the vendor gets it. */
export function rewrite(text: string, wish: Partial<WriteWish> = {}) {
  const request = readRequest(text, Buffer.byteLength(text));
  return openaiChatPassage.writeRequest(request, { ...WISH, ...wish });
}

/** A question in this format, as the writers of its answer know it. */
export function askedOf(caller: CallerDialect, more: Readonly<Record<string, Json>>): AskedContext {
  const said = { input: 'Hi', messages: [{ role: 'user', content: 'Hi' }] };
  const text = JSON.stringify({ model: 'm-1', stream: true, ...said, ...more });
  const request = caller.readRequest(text, Buffer.byteLength(text));
  const turn = caller.readTurn(request);
  return { request, turn, callId: 'call_0199', nowS: 1_763_800_000 };
}
