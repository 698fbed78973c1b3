/** What the tests of the dialects share. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openaiChatPassage } from '../../src/dialects/openai-chat/index.ts';
import { readRequest } from '../../src/dialects/openai-chat/request.ts';
import type {
  AskedContext,
  CallerDialect,
  ErrorReader,
  WriteWish,
} from '../../src/dialects/shape.ts';
import type { Turn } from '../../src/dialects/turn.ts';
import { Fault } from '../../src/kit/fault.ts';
import { isObject, type Json } from '../../src/kit/json.ts';
import { VENDORS } from '../../src/vendors/index.ts';

const VENDOR_FIXTURES = new URL('../fixtures/vendors/', import.meta.url);

/** Vendors with recorded bytes, and the format of those. */
export function recordedVendors(): { readonly name: string; readonly dialect: string }[] {
  return readdirSync(VENDOR_FIXTURES)
    .filter((name) => existsSync(new URL(`${name}/stream.sse`, VENDOR_FIXTURES)))
    .map((name) => ({ name, dialect: VENDORS[name]?.services.chat?.[0]?.dialect ?? '' }));
}

/** Those that speak OpenAI's chat format. */
export const CHAT_VENDORS = recordedVendors().flatMap(({ name, dialect }) =>
  dialect === 'openai-chat' ? [name] : [],
);

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

export const WISH: WriteWish = {
  wireModel: 'wire',
  tweaks: undefined,
  mayDrop: false,
  asksUsage: true,
};

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

/** A request and the turn that it stands for, both written down. */
export function golden(id: string): { readonly request: object; readonly turn: Turn } {
  const read = (file: string) =>
    JSON.parse(readFileSync(join(import.meta.dir, '../fixtures/dialects', id, file), 'utf8'));
  return { request: read('request.json'), turn: read('turn.json') };
}
