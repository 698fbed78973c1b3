/** Requests in Cohere's chat: golden pairs, refusals, and what the format cannot say. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  cohereChatCaller as caller,
  cohereChatPassage as passage,
  cohereChatVendor as vendor,
} from '../../src/dialects/cohere-chat/index.ts';
import type { Item, Turn } from '../../src/dialects/turn.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { faultOf } from './rig.ts';
import { PLAIN_TURN, readWire, WISH } from './turns.ts';

const FOLDER = new URL('../fixtures/dialects/cohere-chat/', import.meta.url);
const load = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
const DIALECT = 'cohere-chat';
const MESSAGES = [{ role: 'user', content: 'x' }];

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
    expect(written.dropped).toEqual([]);
    expect(written.warnings).toBeUndefined();
  });

  test.each([
    [{ model: 'm' }, 'messages'],
    [{ messages: MESSAGES }, 'model'],
    [{ model: 'm', messages: [] }, 'messages'],
    [{ model: 'm', messages: [{ role: 'developer', content: 'x' }] }, 'messages[0].role'],
    [{ model: 'm', messages: MESSAGES, max_tokens: 0 }, 'max_tokens'],
    [{ model: 'm', messages: MESSAGES, stream: 'yes' }, 'stream'],
  ])('%j is refused by the field', (wire, param) => {
    const fault = faultOf(() => readWire(caller, wire));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });

  const of = (message: JsonObject): JsonObject => ({ messages: [message] });
  test.each([
    [{ tool_choice: 'AUTO' }, 'tool_choice'],
    [{ tool_choice: { type: 'function' } }, 'tool_choice'],
    [{ thinking: { type: 'adaptive' } }, 'thinking.type'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.type'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ documents: [1] }, 'documents[0]'],
    [{ documents: [{ id: 'a' }] }, 'documents[0].data'],
    [{ tools: [{ type: 'web' }] }, 'tools[0].type'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [of({ role: 'tool', content: 'x' }), 'messages[0].tool_call_id'],
    [of({ role: 'user', content: [{ type: 'audio' }] }), 'messages[0].content[0].type'],
    [of({ role: 'assistant', content: [{ type: 'image_url' }] }), 'messages[0].content[0].type'],
    [of({ role: 'assistant', tool_calls: [{ id: 'a' }] }), 'messages[0].tool_calls[0].function'],
  ] as [JsonObject, string][])('%j has no common form, and the field is named', (more, param) => {
    const wire = { model: 'm', messages: MESSAGES, ...more };
    const fault = faultOf(() => caller.readTurn(readWire(caller, wire)));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });

  test('pictures are not counted by their bytes', () => {
    const url = `data:image/png;base64,${'A'.repeat(100_000)}`;
    const content = [{ type: 'image_url', image_url: { url } }];
    const { inputTokensBound } = readWire(caller, {
      model: 'm',
      messages: [{ role: 'user', content }],
    });
    expect(inputTokensBound).toBeLessThan(20_000);
    expect(inputTokensBound).toBeGreaterThan(16_000);
  });

  test('the same format on both sides: bytes as they came but for the model', () => {
    const sent = '{ "model" : "m",\n "messages":[{"role":"user","content":"x"}] , "p":0.750}';
    const read = caller.readRequest(sent, sent.length);
    expect(passage.writeRequest(read, { ...WISH, wireModel: 'w' })).toEqual({
      text: sent.replace('"m"', '"w"'),
      dropped: [],
    });
    expect(passage.writeRequest(read, { ...WISH, wireModel: 'm' }).text).toBe(sent);
  });
});

describe('what the format cannot say', () => {
  const user = (part: Json): Item[] =>
    [{ type: 'message', role: 'user', content: [part] }] as Json[] as Item[];
  const tool = (name: string, more: object = {}) => {
    const parameters = { type: 'object', properties: { a: {} }, required: ['a'] };
    return { name, description: null, parameters, strict: null, ...more };
  };
  const inline = (mediaType: string) => ({ at: 'inline', data: 'AA', mediaType }) as const;
  const cases: readonly (readonly [turn: Partial<Turn>, field: string])[] = [
    [{ choices: 2 }, 'n'],
    [{ serviceTier: 'flex' }, 'service_tier'],
    [{ parallelTools: false, tools: [tool('a')] }, 'parallel_tool_calls'],
    [{ others: { logit_bias: { 1: 2 } } }, 'logit_bias'],
    [{ items: user({ type: 'audio', media: inline('audio/wav') }) }, 'audio content'],
    [{ items: user({ type: 'file', media: inline('application/pdf') }) }, 'file content'],
    [
      { items: user({ type: 'image', media: { at: 'id', id: 'f', mediaType: null } }) },
      'image by id',
    ],
  ];

  test.each(cases)('%j is refused, or named where it may be left out', (more, field) => {
    const turn = { ...PLAIN_TURN, ...more };
    const fault = faultOf(() => vendor.writeTurn(turn, WISH));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', field]);
    expect(vendor.writeTurn(turn, { ...WISH, mayDrop: true }).dropped).toEqual([field]);
  });

  const written = (more: Partial<Turn>): { warnings: string; body: JsonObject } => {
    const made = vendor.writeTurn({ ...PLAIN_TURN, ...more }, WISH);
    return { warnings: (made.warnings ?? []).join(), body: JSON.parse(made.text) };
  };
  const said = (role: 'system' | 'user' | 'assistant', words: string): Item => ({
    type: 'message',
    role,
    content: [{ type: 'text', text: words }],
  });

  test('a tool by its name is that one alone, and must be called', () => {
    const tools = [tool('a'), tool('b'), tool('c')];
    const one = written({ tools, toolChoice: { mode: 'one', name: 'b' } }).body;
    expect(JSON.stringify(one.tools)).not.toContain('"name":"a"');
    expect([(one.tools as Json[]).length, one.tool_choice]).toEqual([1, 'REQUIRED']);
    const some = { mode: 'some', names: ['a', 'c'], required: false } as const;
    const few = written({ tools, toolChoice: some }).body;
    expect([(few.tools as Json[]).length, few.tool_choice]).toEqual([2, undefined]);
    const single = written({ tools, toolChoice: { mode: 'one', name: 'b' }, parallelTools: false });
    expect(single.warnings).toContain('parallel_tool_calls');
    const free = written({
      tools: [tool('a', { parameters: null })],
      toolChoice: { mode: 'auto' },
    });
    expect(free.body.tool_choice).toBeUndefined();
    expect(JSON.stringify(free.body.tools)).toContain('{"type":"object","properties":{}}');
  });

  test('strict is said of all tools or of none', () => {
    const strict = { strict: true };
    expect(written({ tools: [tool('a', strict)] }).body.strict_tools).toBe(true);
    expect(written({ tools: [tool('a', { strict: false })] }).body.strict_tools).toBe(false);
    const mixed = written({ tools: [tool('a', strict), tool('b')] });
    expect([mixed.body.strict_tools, mixed.warnings]).toEqual([
      undefined,
      expect.stringContaining('strict'),
    ]);
    const bare = tool('a', { strict: true, parameters: { type: 'object' } });
    expect(written({ tools: [bare] }).body.strict_tools).toBeUndefined();
  });

  test('who asks for JSON is understood to have said so', () => {
    const items = [said('system', 'Be brief.'), said('user', 'Who?')];
    const { body, warnings } = written({ items, format: { type: 'json' } });
    const [system] = body.messages as readonly JsonObject[];
    expect(system?.role).toBe('system');
    expect(JSON.stringify(system?.content)).toContain('JSON object');
    expect(warnings).toContain('JSON');
    const told = written({ items: [said('user', 'A json.')], format: { type: 'json' } });
    expect([(told.body.messages as Json[]).length, told.warnings]).toEqual([1, '']);
  });

  test('ranges that are narrower than elsewhere', () => {
    expect(written({ topP: 1 }).body.p).toBe(0.99);
    expect(written({ topP: 1 }).warnings).toContain('0.99');
    expect(written({ topP: 0 }).body.p).toBe(0.01);
    const none = { frequencyPenalty: 0, presencePenalty: 0 };
    expect(Object.keys(written(none).body)).not.toContain('presence_penalty');
    const one = written({ frequencyPenalty: 0.5, presencePenalty: 0 }).body;
    expect([one.frequency_penalty, one.presence_penalty]).toEqual([0.5, undefined]);
    expect(written({ presencePenalty: 0 }).body.presence_penalty).toBe(0);
  });

  test('an effort switches thinking on or off', () => {
    const of = (more: object) =>
      written({
        thinking: { enabled: null, effort: null, budgetTokens: null, show: null, ...more },
      });
    expect(of({ effort: 'high' }).body.thinking).toEqual({ type: 'enabled' });
    expect(of({ effort: 'high' }).warnings).toContain('effort');
    expect(of({ effort: 'none' }).body.thinking).toEqual({ type: 'disabled' });
    expect(of({}).body.thinking).toBeUndefined();
    expect(of({ show: false }).warnings).toContain('shown');
  });

  test('there is one system text, before all else', () => {
    const items = [said('user', 'a'), said('system', 'late'), said('assistant', 'b')];
    const { body, warnings } = written({ items });
    expect(body.messages).toEqual([
      { role: 'system', content: 'late' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ]);
    expect(warnings).toContain('system message');
  });

  test('files of text are documents, cited only where that is asked for', () => {
    const data = Buffer.from('On ice.').toString('base64');
    const media = { at: 'inline', data, mediaType: 'text/plain' };
    const file = (more: object) =>
      user({ type: 'file', media, filename: 'p.txt', ...more } as Json);
    const id = { id: 'p.txt', data: { title: 'p.txt', text: 'On ice.' } };
    expect(written({ items: file({}) }).body).toMatchObject({
      documents: [id],
      citation_options: { mode: 'OFF' },
    });
    expect(written({ items: file({ cite: true }) }).body.citation_options).toBeUndefined();
    const twice = [...file({ cite: true }), ...file({ cite: true })];
    const { documents } = written({ items: twice }).body;
    expect((documents as JsonObject[]).map((one) => one.id)).toEqual(['p.txt', undefined]);
    const json = written({ items: file({}), format: { type: 'json' } }).body;
    expect(json.documents).toBeUndefined();
    expect(JSON.stringify(json.messages)).toContain('On ice.');
  });

  test('what a tool answers in pictures follows in a message of the user', () => {
    const media = { at: 'url', url: 'https://a.example/b.png', mediaType: null } as const;
    const call: Item = { type: 'tool_call', id: 'c', name: 'f', arguments: '', seal: null };
    const result: Item = {
      ...{ type: 'tool_result', callId: 'c', name: 'f', isError: true },
      content: [
        { type: 'text', text: 'see' },
        { type: 'image', media },
      ],
    };
    const { body, warnings } = written({ items: [call, result, said('user', 'so?')] });
    expect((body.messages as JsonObject[]).map(({ role }) => role)).toEqual([
      ...['assistant', 'tool', 'user', 'user'],
    ]);
    expect(warnings).toContain('beside text');
    expect(warnings).toContain('failed');
  });

  test('thoughts of another format stay behind, with what they prove', () => {
    const seal = { dialect: 'gemini-generate', value: 'secret-seal' };
    const items: Item[] = [
      ...PLAIN_TURN.items,
      { type: 'reasoning', text: 'hm', seal, redacted: false },
      { type: 'tool_call', id: 'a', name: 'f', arguments: '{}', seal },
    ];
    const { body, warnings } = written({ items });
    expect(JSON.stringify(body)).not.toContain('secret-seal');
    expect(JSON.stringify(body)).not.toContain('hm');
    expect(warnings).toContain('thoughts');
  });
});
