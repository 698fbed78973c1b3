import { expect, test } from 'bun:test';
import { z } from 'zod';
import { answer } from '../../sandbox/answer.ts';
import { readAsk } from '../../sandbox/ask.ts';
import { sampleOf } from '../../sandbox/pattern.ts';
import { instanceOf } from '../../sandbox/schema.ts';
import { countTokens, cutTokens, splitTokens } from '../../sandbox/tokens.ts';
import { VENDORS } from '../../sandbox/vendors.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';

const OPENAI = VENDORS.find(({ id }) => id === 'openai')!;
const ARK = VENDORS.find(({ id }) => id === 'ark')!;

function ask(content: Json, fields: JsonObject = {}, vendor = OPENAI) {
  const body = { model: 'm', messages: [{ role: 'user', content }], ...fields };
  return answer(readAsk(body, vendor), vendor.name, 0);
}

const tool = (name: string, parameters: JsonObject = { type: 'object', properties: {} }) => ({
  type: 'function',
  function: { name, parameters },
});

const WEATHER = tool('get_weather', {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { enum: ['c', 'f'] } },
  required: ['city', 'unit'],
});

test('instructions are followed word by word', () => {
  expect(ask('Say this is a test').text).toBe('this is a test');
  expect(ask('Reply with exactly: pong').text).toBe('pong');
  expect(ask('Please reply with "a b".').text).toBe('a b');
  expect(ask('Count to 5').text).toBe('1, 2, 3, 4, 5');
  expect(ask('请说：你好').text).toBe('你好');
  expect(ask('What is new?').text).toContain('What is new?');
  expect(ask('今天天气如何').text).toContain('你说：“今天天气如何”');
});

test('JSON where it is asked for, by words or by format', () => {
  const keys = JSON.parse(ask('Reply with JSON with the keys name, email and age.').text);
  expect(Object.keys(keys)).toEqual(['name', 'email', 'age']);
  expect(JSON.parse(ask('Answer as JSON please').text).answer).toContain('Answer as JSON');
  const format = { response_format: { type: 'json_object' } };
  expect(JSON.parse(ask('some json of the sea', format).text)).toBeObject();
});

test('images are acknowledged', () => {
  const url = 'data:image/png;base64,AAAA';
  const parts: Json = [
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url } },
  ];
  expect(ask(parts).text).toContain('I received 1 image (image/png)');
});

test('tools are called when mentioned, required or named, and otherwise not', () => {
  const tools = [WEATHER, tool('send_mail')];
  const [call] = ask('How is the weather in Berlin?', { tools }).calls;
  expect(call!.name).toBe('get_weather');
  expect(JSON.parse(call!.arguments)).toEqual({ city: 'Berlin', unit: 'c' });
  expect(ask('How are you?', { tools }).calls).toEqual([]);
  expect(ask('How are you?', { tools, tool_choice: 'required' }).calls).toHaveLength(1);
  const named = { tools, tool_choice: { type: 'function', function: { name: 'send_mail' } } };
  expect(ask('weather', named).calls.map(({ name }) => name)).toEqual(['send_mail']);
  expect(ask('weather', { tools, tool_choice: 'none' }).calls).toEqual([]);
  const both = 'Use get_weather and send_mail';
  const turn = ask(both, { tools });
  expect(turn.calls.map(({ name }) => name)).toEqual(['get_weather', 'send_mail']);
  expect(new Set(turn.calls.map(({ id }) => id)).size).toBe(2);
  expect(turn.finish).toBe('tool_calls');
  expect(ask(both, { tools, parallel_tool_calls: false }).calls).toHaveLength(1);
});

test('after a tool message the result stands in the answer', () => {
  const made = { id: 'c', type: 'function', function: { name: 'get_weather', arguments: '{}' } };
  const messages: Json = [
    { role: 'user', content: 'weather?' },
    { role: 'assistant', content: null, tool_calls: [made] },
    { role: 'tool', tool_call_id: 'c', content: '21 degrees' },
  ];
  const turn = ask('', { messages, tools: [WEATHER] });
  expect(turn).toMatchObject({ calls: [], finish: 'stop' });
  expect(turn.text).toContain('get_weather returned: 21 degrees');
});

test('token limits and stop texts end the answer', () => {
  const short = ask('Count to 100', { max_tokens: 7 });
  expect(short.finish).toBe('length');
  expect(countTokens(short.text)).toBe(7);
  expect(ask('Count to 9', { stop: [', 4'] }).text).toBe('1, 2, 3');
  expect(ask('Count to 3', { max_tokens: 500 }).finish).toBe('stop');
  const thinking = { thinking: { type: 'enabled' }, max_tokens: 3 };
  expect(ask('Count to 100', thinking).text).toBe('');
  expect(countTokens(ask('Count to 100', thinking, ARK).text)).toBe(3);
  const args = ask('weather', { tools: [WEATHER], max_tokens: 2 });
  expect(args.finish).toBe('length');
  expect(countTokens(args.calls[0]!.arguments)).toBe(2);
});

test('tokens: parts join to the whole, cuts count right, characters stay whole', () => {
  for (const text of [
    '',
    ' ',
    'Hello, wonderful world!\n\n1234567',
    '你好 🌍👩‍🚀 abc',
    '  x  ',
    'Größe',
  ]) {
    const tokens = splitTokens(text);
    expect(tokens.join('')).toBe(text);
    expect(tokens).toHaveLength(countTokens(text));
    for (let most = 0; most <= tokens.length; most += 1) {
      expect(cutTokens(text, most)).toBe(tokens.slice(0, most).join(''));
      expect(cutTokens(text, most).isWellFormed()).toBe(true);
    }
  }
});

const SCHEMAS: readonly JsonObject[] = [
  {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 3, maxLength: 5 },
      age: { type: 'integer', minimum: 18, exclusiveMaximum: 20 },
      price: { type: 'number', multipleOf: 0.25, exclusiveMinimum: 0.75 },
      mail: { type: 'string', format: 'email' },
      born: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'date-time' },
      key: { type: 'string', format: 'uuid' },
      code: { type: 'string', pattern: '^[A-Z]{3}-\\d{4}(x|y)?$' },
      size: { enum: ['s', 'm'] },
      fixed: { const: 7 },
      maybe: { anyOf: [{ type: 'null' }, { type: 'integer' }] },
      either: { type: ['null', 'string'] },
      list: { type: 'array', items: { type: 'boolean' }, minItems: 3, maxItems: 4 },
      pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], maxItems: 2 },
    },
    required: ['name', 'age', 'price', 'mail', 'born', 'at', 'key', 'code', 'size', 'fixed'],
    additionalProperties: false,
  },
  {
    type: 'object',
    properties: { root: { $ref: '#/$defs/node' } },
    required: ['root'],
    $defs: {
      node: {
        type: 'object',
        properties: {
          label: { type: 'string' },
          next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        },
        required: ['label', 'next', 'children'],
      },
    },
  },
  { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } }, minItems: 1 },
  { type: 'string', minLength: 300 },
  { type: 'integer', maximum: -5 },
];

test.each(SCHEMAS.map((schema) => [schema]))('an instance fits its schema (%#)', (schema) => {
  const made = instanceOf(schema);
  const checker = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  expect(checker.safeParse(made).error?.issues ?? []).toEqual([]);
  expect(instanceOf(schema)).toEqual(made);
});

test('allOf is folded, pointers are followed, a schema that needs itself ends', () => {
  const parts: Json = [{ properties: { a: { const: 1 } }, required: ['a'] }, { required: ['b'] }];
  expect(Object.keys(instanceOf({ allOf: parts }) as object)).toEqual(['a', 'b']);
  const far = { type: 'object', properties: { x: { $ref: '#/properties/y' }, y: { const: 2 } } };
  expect(instanceOf(far)).toEqual({ x: 2, y: 2 });
  const endless = { type: 'object', properties: { me: { $ref: '#' } }, required: ['me'] };
  expect(instanceOf(endless)).toBeObject();
});

test('patterns are sampled, what cannot be is null', () => {
  for (const pattern of ['^\\+?[1-9]\\d{7,14}$', '^(foo|bar)-[a-f0-9]{8}$', '^\\p{L}+$', 'x*y']) {
    expect(sampleOf(pattern)).toMatch(new RegExp(pattern, 'u'));
  }
  expect(sampleOf('(?=.*\\d)(?=.*[a-z])^z{2}$')).toBeNull();
  expect(sampleOf('(')).toBeNull();
});
