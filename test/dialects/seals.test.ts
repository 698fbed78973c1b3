/** A seal travels through a caller of another format and comes home unread, and nowhere else. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  anthropicMessagesCaller,
  anthropicMessagesVendor,
} from '../../src/dialects/anthropic-messages/index.ts';
import {
  geminiGenerateCaller,
  geminiGenerateVendor,
} from '../../src/dialects/gemini-generate/index.ts';
import { packSeal, unpackSeal } from '../../src/dialects/seals.ts';
import type { CallerDialect, VendorDialect } from '../../src/dialects/shape.ts';
import type { TurnEvent } from '../../src/dialects/turn.ts';
import { isObject, type JsonObject } from '../../src/kit/json.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import { askedOf, collect, readStream, readWire, WISH } from './turns.ts';

const FOLDER = new URL('../fixtures/dialects/', import.meta.url);
const streamOf = (id: string) => readFileSync(new URL(`${id}/thinking-tools.sse`, FOLDER));

const ASK = { role: 'user', content: 'go' };
const MESSAGE = { model: 'm', max_tokens: 9, messages: [ASK] };
const CONTENT = { contents: [{ role: 'user', parts: [{ text: 'go' }] }] };

/** What the caller sees of the vendor's stream. */
function shown(
  caller: CallerDialect,
  events: readonly TurnEvent[],
  wire: JsonObject,
): JsonObject[] {
  const writer = caller.writeEvents(askedOf(readWire(caller, wire)));
  const text = events.map((event) => writer.write(event)).join('') + writer.end();
  return splitEvents(text).map(({ data }) => JSON.parse(data ?? '') as JsonObject);
}

function whole(caller: CallerDialect, vendor: VendorDialect, stream: Buffer): JsonObject {
  const reply = collect(readStream(vendor, [stream]));
  const wire = caller.id === 'anthropic-messages' ? MESSAGE : CONTENT;
  return caller.writeReply(reply, askedOf(readWire(caller, wire))) as JsonObject;
}

/** What a client of this format puts into its history, from whole blocks or pieces. */
function partsIn(bodies: readonly JsonObject[]): JsonObject[] {
  return bodies.flatMap(({ candidates }) => {
    const [one] = candidates as readonly JsonObject[];
    const content = one?.content as { readonly parts: readonly JsonObject[] };
    return [...content.parts];
  });
}

describe('of a call, through a caller that proves no calls', () => {
  const stream = streamOf('gemini-generate');
  const caller = anthropicMessagesCaller;
  const events = readStream(geminiGenerateVendor, [stream]);

  const homeOf = (content: readonly JsonObject[]): JsonObject[] => {
    const messages = [ASK, { role: 'assistant', content }];
    const turn = caller.readTurn(readWire(caller, { ...MESSAGE, messages }));
    const { contents } = JSON.parse(geminiGenerateVendor.writeTurn(turn, WISH).text);
    return contents[1].parts;
  };

  test('in a whole answer', () => {
    const { content } = whole(caller, geminiGenerateVendor, stream);
    const calls = homeOf(content as JsonObject[]).filter(({ functionCall }) => functionCall);
    expect(calls).toEqual([
      {
        functionCall: { id: 'call_0', name: 'weather', args: { city: 'Paris' } },
        thoughtSignature: 'EpEg',
      },
      { functionCall: { id: 'own', name: 'now', args: {} } },
    ]);
    expect((content as JsonObject[]).at(-1)?.type).toBe('tool_use');
  });

  test('in a stream', () => {
    const bodies = shown(caller, events, MESSAGE);
    const blocks = new Map<unknown, Record<string, JsonObject[string]>>();
    for (const { type, index, content_block: block, delta } of bodies) {
      if (type === 'content_block_start' && isObject(block)) blocks.set(index, { ...block });
      const signature = isObject(delta) ? delta.signature : undefined;
      const open = blocks.get(index);
      if (open !== undefined && signature !== undefined) open.signature = signature;
    }
    const signed = homeOf([...blocks.values()]).filter(({ functionCall }) => functionCall);
    expect(signed.map(({ thoughtSignature }) => thoughtSignature)).toEqual(['EpEg', undefined]);
  });

  test('but never to its format', () => {
    const { content } = whole(caller, geminiGenerateVendor, stream);
    const messages = [ASK, { role: 'assistant', content: content as JsonObject[] }];
    const turn = caller.readTurn(readWire(caller, { ...MESSAGE, messages }));
    const { text } = anthropicMessagesVendor.writeTurn(turn, WISH);
    expect(text).not.toContain('EpEg');
    expect(text).not.toContain('signature');
  });
});

describe('of thoughts, shown and hidden, through a caller of parts', () => {
  const stream = streamOf('anthropic-messages');
  const caller = geminiGenerateCaller;
  const events = readStream(anthropicMessagesVendor, [stream]);

  const homeOf = (parts: readonly JsonObject[]): JsonObject[] => {
    const contents = [...CONTENT.contents, { role: 'model', parts }];
    const turn = caller.readTurn(readWire(caller, { contents }));
    const { messages } = JSON.parse(anthropicMessagesVendor.writeTurn(turn, WISH).text);
    return messages[1].content;
  };
  const HOME: JsonObject[] = [
    { type: 'thinking', thinking: 'Two cities, two calls.', signature: 'EsECCokBCBAYAipA=' },
    { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va' },
  ];

  test('in a whole answer, even where a client has spelt the base64 otherwise', () => {
    const parts = partsIn([whole(caller, anthropicMessagesVendor, stream)]);
    expect(homeOf(parts).slice(0, 2)).toEqual(HOME);
    const spelt = parts.map((part) =>
      typeof part.thoughtSignature === 'string'
        ? {
            ...part,
            thoughtSignature: part.thoughtSignature.replaceAll('+', '-').replaceAll('/', '_'),
          }
        : part,
    );
    expect(homeOf(spelt).slice(0, 2)).toEqual(HOME);
  });

  test('in a stream, whose last piece of thoughts carries the seal', () => {
    const parts = partsIn(shown(caller, events, CONTENT));
    const signed = parts.filter((part) => part.thoughtSignature && !part.functionCall);
    expect(signed.map(({ thoughtSignature }) => unpackSeal(String(thoughtSignature)))).toEqual([
      { seal: { dialect: 'anthropic-messages', value: 'EsECCokBCBAYAipA=' }, of: 'thoughts' },
      { seal: { dialect: 'anthropic-messages', value: 'EmwKAhgBEgy3va' }, of: 'hidden' },
    ]);
  });

  test('but never to its format', () => {
    const parts = partsIn([whole(caller, anthropicMessagesVendor, stream)]);
    const contents = [...CONTENT.contents, { role: 'model', parts }];
    const turn = caller.readTurn(readWire(caller, { contents }));
    const { text } = geminiGenerateVendor.writeTurn(turn, WISH);
    expect(text).not.toContain('gangway-seal');
    expect(text).not.toContain('Z2FuZ3dheS1zZWFs');
    // What must stand there says that there is none.
    expect(text.match(/"thoughtSignature":"[^"]*"/g)).toEqual([
      '"thoughtSignature":"skip_thought_signature_validator"',
    ]);
  });
});

describe('the packing', () => {
  const seal = { dialect: 'a-dialect', value: 'ünï·"\\ codes' };

  test.each(['thoughts', 'hidden', 'call'] as const)('of %s comes back whole', (of) => {
    const packed = packSeal({ seal, of }, 'another');
    expect(packed).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(unpackSeal(packed)).toEqual({ seal, of });
    expect(packSeal({ seal, of }, 'a-dialect')).toBe(seal.value);
  });

  test.each([
    '',
    'EsECCokBCBAYAipA=',
    Buffer.from('gangway-seal').toString('base64'),
    Buffer.from('gangway-seal{"dialect":1,"value":"x","of":"call"}').toString('base64'),
    Buffer.from('gangway-seal{"dialect":"a","value":"x","of":"all"}').toString('base64'),
    Buffer.from('gangway-seal[]').toString('base64'),
  ])('%p is none of ours', (text) => {
    expect(unpackSeal(text)).toBeNull();
  });
});
