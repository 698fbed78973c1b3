/** Golden pairs of Gemini's generateContent, its losses, and round trips by chance. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  geminiGenerateCaller as caller,
  geminiGeneratePassage as passage,
  geminiGenerateVendor as vendor,
} from '../../src/dialects/gemini-generate/index.ts';
import type { Item, Turn, TurnReply } from '../../src/dialects/turn.ts';
import { FAULTS, Fault, type FaultCode } from '../../src/kit/fault.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import { faultOf, readError } from './rig.ts';
import { askedOf, collect, PLAIN_TURN, readStream, readWire, WISH } from './turns.ts';

const FOLDER = new URL('../fixtures/dialects/gemini-generate/', import.meta.url);
const load = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
const DIALECT = 'gemini-generate';
const TOOL = { name: 'f', description: null, parameters: null, strict: null };
const HI = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };

interface RequestPair {
  readonly name: string;
  readonly wire: JsonObject;
  readonly turn: Partial<Turn>;
  readonly back?: JsonObject;
}

describe('requests', () => {
  test.each(load<RequestPair[]>('requests.json'))('$name', ({ wire, turn, back }) => {
    const read = caller.readTurn(readWire(caller, wire));
    expect(read).toMatchObject({ ...turn, origin: DIALECT });
    const written = vendor.writeTurn(read, WISH);
    expect(JSON.parse(written.text)).toEqual(back ?? wire);
    expect([written.dropped, written.warnings]).toEqual([[], undefined]);
  });

  test.each([
    [{}, 'contents'],
    [{ contents: [] }, 'contents'],
    [{ contents: [{ parts: 'x' }] }, 'contents[0].parts'],
    [{ ...HI, generationConfig: { candidateCount: 0 } }, 'generationConfig.candidateCount'],
    [{ ...HI, generationConfig: { candidateCount: 9 } }, 'generationConfig.candidateCount'],
    [{ ...HI, generationConfig: { maxOutputTokens: 1.5 } }, 'generationConfig.maxOutputTokens'],
  ])('%j is refused by the field', (wire, param) => {
    const fault = faultOf(() => readWire(caller, wire));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });

  test.each([
    [{ tools: [{ googleSearch: {} }] }, 'tools[0].googleSearch'],
    [{ contents: [{ role: 'system', parts: [] }] }, 'contents[0].role'],
    [
      { contents: [{ parts: [{ executableCode: { code: 'x' } }] }] },
      'contents[0].parts[0].executableCode',
    ],
    [
      {
        contents: [
          { parts: [{ inlineData: { mimeType: 'video/mp4', data: '' }, videoMetadata: {} }] },
        ],
      },
      'contents[0].parts[0].videoMetadata',
    ],
    [
      { toolConfig: { functionCallingConfig: { mode: 'SOME' } } },
      'toolConfig.functionCallingConfig.mode',
    ],
    [
      { generationConfig: { responseMimeType: 'text/x.enum' } },
      'generationConfig.responseMimeType',
    ],
    [
      { generationConfig: { thinkingConfig: { thinkingLevel: 'HUGE' } } },
      'generationConfig.thinkingConfig.thinkingLevel',
    ],
  ] as [JsonObject, string][])('%j has no common form, and the field is named', (more, param) => {
    const fault = faultOf(() => caller.readTurn(readWire(caller, { ...HI, ...more })));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });

  test('model and stream stand in the path; what is asked for counts once a candidate', () => {
    const wire = { ...HI, generationConfig: { candidateCount: 3, maxOutputTokens: 10 } };
    const request = readWire(caller, wire, { model: 'm', stream: true });
    expect(request).toMatchObject({ model: 'm', stream: true, choices: 3, outputTokensAsked: 30 });
    const fault = faultOf(() => readWire(caller, HI, {}));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', 'model']);
  });

  test('the same format on both sides: bytes as they came', () => {
    const sent = '{ "contents" : [{"parts":[{"text":"x"}]}] , "z":1.0}';
    expect(passage.writeRequest(readWire(caller, sent), WISH)).toEqual({ text: sent, dropped: [] });
  });
});

describe('what the format cannot say', () => {
  const byId: Item[] = [
    {
      type: 'message',
      role: 'user',
      content: [{ type: 'file', media: { at: 'id', id: 'file-1', mediaType: null } }],
    },
  ];
  const cases: readonly (readonly [turn: Partial<Turn>, field: string])[] = [
    [{ tools: [TOOL], parallelTools: false }, 'parallel_tool_calls'],
    [{ stop: ['1', '2', '3', '4', '5', '6'] }, 'stop'],
    [{ others: { logit_bias: { 1: 2 } } }, 'logit_bias'],
    [{ items: byId }, 'file by id'],
  ];

  test.each(cases)('%j is refused, or named where it may be left out', (more, field) => {
    const turn = { ...PLAIN_TURN, ...more };
    const fault = faultOf(() => vendor.writeTurn(turn, WISH));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', field]);
    expect(vendor.writeTurn(turn, { ...WISH, mayDrop: true }).dropped).toEqual([field]);
  });

  test.each([
    [{ user: 'u' }, 'end user'],
    [{ metadata: { a: 'b' } }, 'metadata'],
    [
      { tools: [TOOL], parallelTools: false, toolChoice: { mode: 'one', name: 'f' } },
      'parallel_tool_calls',
    ],
    [{ cache: { ttl: null } }, 'cache'],
    [{ thinking: { enabled: null, effort: 'max', budgetTokens: null, show: null } }, 'effort max'],
  ] as [Partial<Turn>, string][])('%j is left out, and said so', (more, words) => {
    const { warnings } = vendor.writeTurn({ ...PLAIN_TURN, ...more }, WISH);
    expect(warnings?.join()).toContain(words);
  });

  test('seals of another format stay here; names of results come from their calls', () => {
    const seal = { dialect: 'anthropic-messages', value: 'secret-seal' };
    const items: Item[] = [
      ...PLAIN_TURN.items,
      { type: 'reasoning', text: 'hm', seal, redacted: false },
      { type: 'tool_call', id: 'a', name: 'f', arguments: '{}', seal },
      { type: 'tool_result', callId: 'a', name: null, content: [], isError: false },
    ];
    const written = vendor.writeTurn({ ...PLAIN_TURN, items }, WISH);
    expect(written.text).not.toContain('secret-seal');
    expect(JSON.parse(written.text).contents[2].parts).toEqual([
      { functionResponse: { id: 'a', name: 'f', response: {} } },
    ]);
  });

  test('a data: URL is inline, whoever wrote it', () => {
    const url = 'data:image/png;base64,AAAA';
    const items: Item[] = [
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'image', media: { at: 'url', url, mediaType: null } }],
      },
    ];
    const { contents } = JSON.parse(vendor.writeTurn({ ...PLAIN_TURN, items }, WISH).text);
    expect(contents[0].parts).toEqual([{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }]);
  });
});

interface ReplyPair {
  readonly name: string;
  readonly wire: JsonObject;
  readonly reply: TurnReply;
}

describe('answers', () => {
  const request = readWire(caller, HI);

  test.each(load<ReplyPair[]>('replies.json'))('$name', ({ wire, reply }) => {
    expect(vendor.readReply(wire, readError)).toEqual(reply);
    expect(caller.writeReply(reply, askedOf(request))).toEqual(wire as never);
  });

  test.each([
    ['x', 'vendor_malformed'],
    [{}, 'vendor_empty'],
    [{ candidates: [] }, 'vendor_empty'],
    [{ error: { code: 500, message: 'x' } }, 'vendor_error'],
    [[{ error: { code: 500, message: 'x' } }], 'vendor_error'],
    [{ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] }, 'vendor_malformed'],
    [{ candidates: [{ content: { parts: [{ text: 'half' }] } }] }, 'vendor_cut'],
    [{ candidates: [{ content: { parts: [{ functionCall: {} }] } }] }, 'vendor_malformed'],
  ] as [Json, FaultCode][])('%j is %s', (body, code) => {
    expect(faultOf(() => vendor.readReply(body, readError)).code).toBe(code);
  });

  test.each([
    ...['SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII'],
    ...['IMAGE_SAFETY', 'OTHER', 'SOMETHING_NEW'],
  ])('%s withheld something', (finishReason) => {
    const [answer] = vendor.readReply({ candidates: [{ finishReason }] }, readError).answers;
    expect(answer).toEqual({ items: [], stop: 'filter', stopSequence: null });
  });

  test('a blocked prompt is an answer without words, not a failure to try again', () => {
    const body = {
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 3 },
    };
    expect(vendor.readReply(body, readError).answers).toEqual([
      { items: [], stop: 'filter', stopSequence: null },
    ]);
    const sent = JSON.stringify(body);
    expect(passage.readReply(sent, readError)).toEqual({ body, text: sent, contentBytes: 0 });
  });

  test('that pass untouched are counted', () => {
    const sent = JSON.stringify({ candidates: [{ content: { parts: [{ text: '終' }] } }] });
    expect(passage.readReply(sent, readError).contentBytes).toBe(3);
  });
});

const STREAMS = Object.entries(load<Record<string, TurnReply>>('streams.json'));

describe.each(STREAMS)('the stream %s', (file, reply) => {
  const bytes = readFileSync(new URL(file, FOLDER));
  const request = readWire(caller, HI, { model: 'm', stream: true });

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
  });

  test('passes untouched and is counted', () => {
    const watch = passage.watch(request, readError);
    expect(watch.look(bytes)).toBe(bytes);
    expect([watch.end(), watch.tail]).toEqual([null, null]);
    const { usageMetadata } = watch.usage as { usageMetadata: JsonObject };
    expect(usageMetadata.promptTokenCount).toBe(reply.usage?.input ?? -1);
  });

  test('is never whole before its reason to stop', () => {
    const stop = bytes.lastIndexOf('data: ');
    const half = bytes.subarray(0, stop);
    expect(faultOf(() => readStream(vendor, [half])).code).toBe('vendor_cut');
    const watch = passage.watch(request, readError);
    if (stop > 0) watch.look(half);
    expect(watch.end()?.code).toBe('vendor_cut');
  });
});

describe('a stream that is no success', () => {
  const good = 'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\n\n';
  const request = readWire(caller, HI);

  test.each([
    ['data: {"error":{"code":503,"message":"broke"}}\n\n', 'vendor_error'],
    ['data: {"candidates":[{"cont\n\n', 'vendor_malformed'],
    ['data: [1]\n\n', 'vendor_malformed'],
  ] as [string, FaultCode][])('%j is %s, and what came before has gone out', (bad, code) => {
    expect(faultOf(() => readStream(vendor, [Buffer.from(good + bad)])).code).toBe(code);
    const watch = passage.watch(request, readError);
    expect(Buffer.from(watch.look(Buffer.from(good + bad)) ?? []).toString()).toBe(good);
    expect((watch.failed as Fault).code).toBe(code);
    expect(() => watch.end()).toThrow();
  });

  test('a call that nobody can read', () => {
    const bad = 'data: {"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}\n\n';
    const fault = faultOf(() => readStream(vendor, [Buffer.from(good + bad)]));
    expect([fault.code, fault.detail.vendorCode]).toEqual([
      'vendor_malformed',
      'MALFORMED_FUNCTION_CALL',
    ]);
  });

  test('citations come with the reason to stop, and their places in the text', () => {
    const grounding = {
      groundingChunks: [{ web: { uri: 'https://example.com/a', title: 'A' } }],
      groundingSupports: [{ segment: { endIndex: 7, text: 'Grüße' }, groundingChunkIndices: [0] }],
    };
    const first = { candidates: [{ content: { parts: [{ text: 'Grüße, Welt' }] } }] };
    const last = { candidates: [{ finishReason: 'STOP', groundingMetadata: grounding }] };
    const stream = [first, last].map((body) => `data: ${JSON.stringify(body)}\n\n`).join('');
    const events = readStream(vendor, [Buffer.from(stream)]);
    const citation = { url: 'https://example.com/a', title: 'A', start: 0, end: 5, quote: 'Grüße' };
    expect(events).toContainEqual({ type: 'citation', choice: 0, at: 0, citation });
    const writer = caller.writeEvents(askedOf(request));
    const again = events.map((event) => writer.write(event)).join('') + writer.end();
    expect(readStream(vendor, [Buffer.from(again)])).toContainEqual({
      type: 'citation',
      choice: 0,
      at: 0,
      citation,
    });
  });
});

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

test.each(Object.keys(FAULTS) as FaultCode[])('the fault %s in this format', (code) => {
  const fault = new Fault(code, { param: 'a[0]', retryAfterS: 7 });
  const otherwise = fault.status < 500 ? 'FAILED_PRECONDITION' : 'UNAVAILABLE';
  const body = JSON.parse(caller.writeFault(fault, 'req-1'));
  expect(body.error).toMatchObject({
    code: fault.status,
    message: fault.message,
    status: STATUSES[fault.status] ?? otherwise,
  });
  expect(body.error.details).toEqual([
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: code,
      domain: 'gangway',
      metadata: { request_id: 'req-1', field: 'a[0]' },
    },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' },
  ]);
  const [event, ...more] = splitEvents(caller.writeFaultEvent(fault, 'req-1'));
  expect([JSON.parse(event?.data ?? ''), more]).toEqual([body, []]);
});
