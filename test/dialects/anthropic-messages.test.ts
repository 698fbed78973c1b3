/** Golden pairs of Anthropic's Messages, its versions, its losses, and round trips by chance. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  anthropicMessagesCaller as caller,
  anthropicMessagesPassage as passage,
  anthropicMessagesVendor as vendor,
} from '../../src/dialects/anthropic-messages/index.ts';
import type { Item, Turn, TurnReply } from '../../src/dialects/turn.ts';
import { FAULTS, Fault, type FaultCode } from '../../src/kit/fault.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import { faultOf, readError } from './rig.ts';
import { askedOf, collect, PLAIN_TURN, readStream, readWire, WISH } from './turns.ts';

const FOLDER = new URL('../fixtures/dialects/anthropic-messages/', import.meta.url);
const load = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
const DIALECT = 'anthropic-messages';

interface RequestPair {
  readonly name: string;
  readonly wire: JsonObject;
  readonly turn: Partial<Turn>;
  readonly back?: JsonObject;
  readonly version?: string;
}

describe('requests', () => {
  test.each(load<RequestPair[]>('requests.json'))('$name', ({ wire, turn, back, version }) => {
    const read = caller.readTurn(readWire(caller, wire));
    expect(read).toMatchObject({ ...turn, origin: DIALECT });
    const written = vendor.writeTurn(read, WISH);
    expect(JSON.parse(written.text)).toEqual(back ?? wire);
    expect(written.dropped).toEqual([]);
    expect(written.warnings).toBeUndefined();
    if (version !== undefined) expect(written.headers?.['anthropic-version']).toBe(version);
  });

  test.each([
    [{ messages: [{ role: 'user', content: 'x' }], model: 'm' }, 'max_tokens'],
    [{ max_tokens: 0, messages: [{ role: 'user', content: 'x' }], model: 'm' }, 'max_tokens'],
    [{ max_tokens: 1, messages: [], model: 'm' }, 'messages'],
    [{ max_tokens: 1, messages: [{ role: 'tool', content: 'x' }], model: 'm' }, 'messages[0].role'],
    [{ max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }, 'model'],
  ])('%j is refused by the field', (wire, param) => {
    const fault = faultOf(() => readWire(caller, wire));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });

  test.each([
    [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
    [{ tool_choice: { type: 'maybe' } }, 'tool_choice.type'],
    [{ output_config: { effort: 'huge' } }, 'output_config.effort'],
    [{ output_config: { format: { type: 'xml' } } }, 'output_config.format.type'],
    [{ temperature: 'hot' }, 'temperature'],
    [
      { messages: [{ role: 'user', content: [{ type: 'search_result', source: 'x' }] }] },
      'messages[0].content[0]',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'ftp' } }] }] },
      'messages[0].content[0].source.type',
    ],
  ])('%j has no common form, and the field is named', (more, param) => {
    const wire = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }], ...more };
    const fault = faultOf(() => caller.readTurn(readWire(caller, wire)));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });
});

describe('versions', () => {
  const wire = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] };
  const latest = { version: '2026-10-21', preview: 'a-2026-01-01,b' };

  test.each(['temperature', 'top_p', 'top_k'])('the latest takes no %s, at any value', (field) => {
    const sampling = { ...wire, [field]: 1 };
    const fault = faultOf(() => readWire(caller, sampling, latest));
    expect([fault.code, fault.status, fault.detail.param]).toEqual(['invalid_request', 400, field]);
    expect(readWire(caller, sampling, { version: '2023-06-01' }).model).toBe('m');
    expect(readWire(caller, sampling, {}).model).toBe('m');
  });

  test('nor documents of the assistant, nor citations of the user', () => {
    const source = { type: 'text', media_type: 'text/plain', data: 'x' };
    const of = (role: string, block: Json) => ({ ...wire, messages: [{ role, content: [block] }] });
    const document = of('assistant', { type: 'document', source });
    const citing = of('user', { type: 'text', text: 'x', citations: [{ type: 'char_location' }] });
    for (const body of [document, citing]) {
      const param = faultOf(() => readWire(caller, body, latest)).detail.param;
      expect(param).toStartWith('messages[0].content[0]');
      readWire(caller, body, { version: '2023-06-01' });
    }
    readWire(caller, of('user', { type: 'text', text: 'x', citations: [] }), latest);
  });

  test('one that nobody knows is refused', () => {
    const fault = faultOf(() => readWire(caller, wire, { version: '2031-01-01' }));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', 'anthropic-version']);
  });

  test('the same format on both sides: bytes, version and previews as they came', () => {
    const sent =
      '{ "model" : "m",\n "max_tokens":9, "messages":[{"role":"user","content":"x"}] , "z":1.0}';
    const request = caller.readRequest(sent, sent.length, latest);
    expect(passage.writeRequest(request, { ...WISH, wireModel: 'w' })).toEqual({
      text: sent.replace('"m"', '"w"'),
      dropped: [],
      headers: { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a-2026-01-01,b' },
    });
  });
});

describe('what the format cannot say', () => {
  const user = (part: Json): Item[] =>
    [{ type: 'message', role: 'user', content: [part] }] as Json[] as Item[];
  const cases: readonly (readonly [turn: Partial<Turn>, field: string])[] = [
    [{ seed: 1 }, 'seed'],
    [{ presencePenalty: 0.5 }, 'presence_penalty'],
    [{ frequencyPenalty: 0.5 }, 'frequency_penalty'],
    [{ choices: 2 }, 'n'],
    [{ serviceTier: 'flex' }, 'service_tier'],
    [{ others: { logit_bias: { 1: 2 } } }, 'logit_bias'],
    [
      {
        items: user({ type: 'audio', media: { at: 'inline', data: 'AA', mediaType: 'audio/wav' } }),
      },
      'audio content',
    ],
    [
      { items: user({ type: 'image', media: { at: 'id', id: 'f', mediaType: null } }) },
      'image by id',
    ],
  ];

  test.each(cases)('%j is refused, or named where it may be left out', (more, field) => {
    const turn = { ...PLAIN_TURN, ...more };
    const fault = faultOf(() => vendor.writeTurn(turn, WISH));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', field]);
    expect(fault.message).toContain('x-gangway-drop');
    expect(vendor.writeTurn(turn, { ...WISH, mayDrop: true }).dropped).toEqual([field]);
  });

  const warned = (more: Partial<Turn>): { warnings: string; body: JsonObject } => {
    const written = vendor.writeTurn({ ...PLAIN_TURN, ...more }, WISH);
    return { warnings: (written.warnings ?? []).join(), body: JSON.parse(written.text) };
  };

  test('said otherwise is said so', () => {
    expect(warned({ format: { type: 'json' } }).warnings).toContain('JSON');
    const { body } = warned({ format: { type: 'json' } });
    expect(JSON.stringify(body.system)).toContain('JSON object');
    const least = { enabled: null, effort: 'minimal', budgetTokens: null, show: null } as const;
    expect(warned({ thinking: least }).body.output_config).toEqual({ effort: 'low' });
    expect(warned({ thinking: least }).warnings).toContain('minimal');
    expect(warned({ metadata: { a: 'b' } }).warnings).toContain('metadata');
  });

  test('thoughts and calls of another format come without their seals', () => {
    const seal = { dialect: 'gemini-generate', value: 'secret-seal' };
    const items: Item[] = [
      ...PLAIN_TURN.items,
      { type: 'reasoning', text: 'hm', seal, redacted: false },
      { type: 'tool_call', id: 'a', name: 'f', arguments: 'not json', seal },
    ];
    const { body, warnings } = warned({ items });
    expect(JSON.stringify(body)).not.toContain('secret-seal');
    expect(warnings).toContain('thoughts');
    expect((body.messages as JsonObject[])[1]?.content).toEqual([
      { type: 'tool_use', id: 'a', name: 'f', input: { raw_arguments: 'not json' } },
    ]);
  });

  test('a subset of tools is those alone', () => {
    const tool = (name: string) => ({ name, description: null, parameters: null, strict: null });
    const { body } = warned({
      tools: [tool('a'), tool('b'), tool('c')],
      toolChoice: { mode: 'some', names: ['a', 'c'], required: true },
    });
    expect((body.tools as JsonObject[]).map(({ name }) => name)).toEqual(['a', 'c']);
    expect(body.tool_choice).toEqual({ type: 'any' });
  });

  test('turns of one role are one, results first; nobody says a most: the model does', () => {
    const said = (role: 'user' | 'assistant', words: string): Item => ({
      type: 'message',
      role,
      content: [{ type: 'text', text: words }],
    });
    const result = { type: 'tool_result', callId: 'x', name: 'f', isError: false } as const;
    const items = [said('user', 'a'), said('user', 'b'), { ...result, content: [] }];
    const turn = { ...PLAIN_TURN, items };
    const body = JSON.parse(vendor.writeTurn(turn, { ...WISH, outputTokensMax: 777 }).text);
    expect(body.messages).toHaveLength(1);
    expect(body.messages[0].content.map((block: JsonObject) => block.type)).toEqual([
      'tool_result',
      'text',
      'text',
    ]);
    expect(body.max_tokens).toBe(777);
  });
});

interface ReplyPair {
  readonly name: string;
  readonly wire: JsonObject;
  readonly reply: TurnReply;
}

describe('answers', () => {
  const request = readWire(caller, {
    model: 'm',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
  });

  test.each(load<ReplyPair[]>('replies.json'))('$name', ({ wire, reply }) => {
    expect(vendor.readReply(wire, readError)).toEqual(reply);
    expect(caller.writeReply(reply, askedOf(request))).toMatchObject(wire);
  });

  test.each([
    [[], 'vendor_malformed'],
    [{}, 'vendor_empty'],
    [{ type: 'error', error: { type: 'overloaded_error', message: 'x' } }, 'vendor_error'],
    [{ content: [{ type: 'tool_use', input: {} }] }, 'vendor_malformed'],
  ] as [Json, FaultCode][])('%j is %s', (body, code) => {
    expect(faultOf(() => vendor.readReply(body, readError)).code).toBe(code);
  });

  test('that pass untouched are counted', () => {
    const [pair] = load<ReplyPair[]>('replies.json');
    const sent = JSON.stringify(pair?.wire);
    expect(passage.readReply(sent, readError)).toMatchObject({ text: sent, contentBytes: 6 });
  });
});

const STREAMS = Object.entries(load<Record<string, TurnReply>>('streams.json'));

describe.each(STREAMS)('the stream %s', (file, reply) => {
  const bytes = readFileSync(new URL(file, FOLDER));
  const request = readWire(caller, {
    model: 'm',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
  });

  test('tells the answer, cut at any byte', () => {
    const events = readStream(vendor, [bytes]);
    expect(collect(events)).toEqual(reply);
    for (let at = 1; at < bytes.length; at += 1) {
      const cut = readStream(vendor, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (!Bun.deepEquals(cut, events)) throw new Error(`cut at ${at}`);
    }
  });

  test('written again, it tells the same', () => {
    const writer = caller.writeEvents(askedOf(request));
    const events = readStream(vendor, [bytes]);
    const written = events.map((event) => writer.write(event)).join('') + writer.end();
    expect(collect(readStream(vendor, [Buffer.from(written)]))).toEqual(reply);
    for (const { name, data } of splitEvents(written)) {
      expect(JSON.parse(data ?? '').type).toBe(name);
    }
  });

  test('passes untouched, is counted, and is never whole before its reason to stop', () => {
    const watch = passage.watch(request, readError);
    expect(Buffer.from(watch.look(bytes) ?? []).equals(bytes)).toBe(true);
    expect(watch.end()).toBeNull();
    expect(watch.tail).toBeNull();
    const { usage: counted } = watch.usage as { usage: JsonObject };
    expect(counted.output_tokens).toBe(reply.usage?.output ?? -1);
    const stop = bytes.indexOf('event: message_delta');
    expect(faultOf(() => readStream(vendor, [bytes.subarray(0, stop)])).code).toBe('vendor_cut');
    const early = passage.watch(request, readError);
    if (stop > 0) early.look(bytes.subarray(0, stop));
    expect(early.end()?.code).toMatch(/^vendor_(cut|empty)$/);
  });

  test('without its last word it gets one', () => {
    const last = bytes.indexOf('event: message_stop');
    const watch = passage.watch(request, readError);
    watch.look(bytes.subarray(0, last));
    expect(watch.end()).toBeNull();
    expect(Buffer.from(watch.tail ?? []).equals(bytes.subarray(last))).toBe(true);
  });
});

test.each(['event: error\ndata: {"type":"error","error":{"type":"x","message":"broke"}}\n\n'])(
  'an error inside a stream is one, and what came before has gone out',
  (error) => {
    const start = readFileSync(new URL('text.sse', FOLDER), 'utf8').split(
      'event: message_delta',
    )[0];
    const bytes = Buffer.from(start + error);
    expect(faultOf(() => readStream(vendor, [bytes])).message).toBe('broke');
    const request = readWire(caller, {
      model: 'm',
      max_tokens: 1,
      messages: [{ role: 'user', content: 'x' }],
    });
    const watch = passage.watch(request, readError);
    expect(Buffer.from(watch.look(bytes) ?? []).toString()).toBe(start ?? '');
    expect(watch.failed?.message).toBe('broke');
  },
);

const KINDS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

test.each(Object.keys(FAULTS) as FaultCode[])('the fault %s in this format', (code) => {
  const fault = new Fault(code, { param: 'a[0]', vendorCode: code });
  const type = KINDS[fault.status] ?? 'invalid_request_error';
  const error = { type, message: fault.message, code, param: 'a[0]' };
  const body = { type: 'error', error, request_id: 'req-1' };
  expect(JSON.parse(caller.writeFault(fault, 'req-1'))).toEqual(body);
  const [event, ...more] = splitEvents(caller.writeFaultEvent(fault, 'req-1'));
  expect([event?.name, JSON.parse(event?.data ?? ''), more]).toEqual(['error', body, []]);
});
