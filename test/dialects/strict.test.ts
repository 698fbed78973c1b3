/** The contract of the tutorial: three fields, clear refusals. */
import { describe, expect, test } from 'bun:test';
import { readStrictRequest } from '../../src/dialects/openai-chat/strict.ts';
import type { Json } from '../../src/kit/json.ts';
import { faultOf } from './rig.ts';

const USER = { role: 'user', content: 'hi' };
const GOOD = { model: 'm', messages: [USER], stream: false };
const read = (body: Json) => {
  const text = JSON.stringify(body);
  return readStrictRequest(text, Buffer.byteLength(text));
};
const without = (field: string): Json =>
  Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== field)) as Json;
const message = (...messages: Json[]): Json => ({ ...GOOD, messages });

const MISSHAPEN: readonly (readonly [body: Json, path: string])[] = [
  [without('model'), 'model'],
  [without('messages'), 'messages'],
  [without('stream'), 'stream'],
  [{}, 'model'],
  [{ ...GOOD, model: '' }, 'model'],
  [{ ...GOOD, model: null }, 'model'],
  [{ ...GOOD, model: ['m'] }, 'model'],
  [{ ...GOOD, messages: [] }, 'messages'],
  [{ ...GOOD, messages: null }, 'messages'],
  [{ ...GOOD, messages: { 0: USER } }, 'messages'],
  [{ ...GOOD, stream: null }, 'stream'],
  [{ ...GOOD, stream: 'true' }, 'stream'],
  [{ ...GOOD, stream: 1 }, 'stream'],
  [message('hi'), 'messages[0]'],
  [message(USER, null), 'messages[1]'],
  [message(USER, [USER]), 'messages[1]'],
  [message({ content: 'hi' }), 'messages[0].role'],
  [message({ role: 'tool', content: 'hi' }), 'messages[0].role'],
  [message({ role: 'developer', content: 'hi' }), 'messages[0].role'],
  [message({ role: 'User', content: 'hi' }), 'messages[0].role'],
  [message({ role: 1, content: 'hi' }), 'messages[0].role'],
  [message(USER, USER, { role: 'user' }), 'messages[2].content'],
  [message({ role: 'user', content: null }), 'messages[0].content'],
  [message({ role: 'user', content: 5 }), 'messages[0].content'],
  [message({ role: 'user', content: [{ type: 'text', text: 'hi' }] }), 'messages[0].content'],
];

const FOREIGN = [
  ...['temperature', 'top_p', 'max_tokens', 'stop', 'tools', 'n', 'user', 'seed', 'thinking'],
  ...['response_format', 'stream_options', 'Model', 'model ', '', '__proto__x'],
];

describe('readStrictRequest', () => {
  test('takes what the contract says, and nothing of it is lost', () => {
    const roles = ['system', 'user', 'assistant'].map((role) => ({ role, content: '' }));
    expect(read({ ...GOOD, messages: roles, stream: true })).toMatchObject({
      model: 'm',
      stream: true,
      wantsUsage: false,
    });
  });

  test.each(MISSHAPEN)('%j is 422 at %s', (body, path) => {
    const fault = faultOf(() => read(body));
    expect([fault.code, fault.status, fault.detail.param]).toEqual([
      'invalid_parameter',
      422,
      path,
    ]);
    expect(fault.message).toStartWith(`${path} `);
  });

  test.each(FOREIGN)('the field %j is 400, by its name', (field) => {
    for (const value of [1, null, { a: [] }]) {
      const fault = faultOf(() => read({ ...GOOD, [field]: value }));
      expect([fault.code, fault.status, fault.detail.param]).toEqual([
        'unknown_parameter',
        400,
        field,
      ]);
      expect(fault.message).toContain(field);
    }
  });

  test('so is one inside a message, by its path', () => {
    const fault = faultOf(() => read(message(USER, { ...USER, name: 'Bob' })));
    expect([fault.code, fault.detail.param]).toEqual(['unknown_parameter', 'messages[1].name']);
  });

  test('an undocumented field is named even where others are missing', () => {
    expect(faultOf(() => read({ temperature: 1 })).code).toBe('unknown_parameter');
  });

  test('what is no JSON object, nested too deeply or doubled is 400', () => {
    const raw = (text: string) => faultOf(() => readStrictRequest(text, text.length));
    expect(raw('[]')).toMatchObject({ code: 'invalid_json', status: 400 });
    expect(raw('{"model":"m"')).toMatchObject({ code: 'invalid_json', status: 400 });
    expect(raw(`{"a":${'['.repeat(70)}`)).toMatchObject({ code: 'json_too_deep', status: 400 });
    const doubled = '{"model":"m","stream":false,"stream":true,"messages":[]}';
    expect(raw(doubled).detail.param).toBe('stream');
  });
});
