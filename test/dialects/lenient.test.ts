/** What resellers' pages document is read as it is meant, and said. */
import { describe, expect, test } from 'bun:test';
import { openaiChatPassage } from '../../src/dialects/openai-chat/index.ts';
import { readRequest } from '../../src/dialects/openai-chat/request.ts';
import { faultOf } from './rig.ts';

const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';

function read(fields: string) {
  const text = `{"model":"m",${MESSAGES}${fields}}`;
  const request = readRequest(text, Buffer.byteLength(text));
  const wish = { wireModel: 'm', tweaks: undefined, mayDrop: false, asksUsage: true };
  const sent = openaiChatPassage.writeRequest(request, wish).text;
  return { warnings: request.warnings ?? [], sent: JSON.parse(sent) as object };
}

describe('leniency', () => {
  const plain = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

  test.each([
    ['nothing', '', {}, []],
    ['seen is seed', ',"seen":7', { seed: 7 }, ['seen was read as seed']],
    ['seen beside no seed', ',"seed":null,"seen":7', { seed: 7 }, ['seen was read as seed']],
    ['seed goes before seen', ',"seen":7,"seed":8', { seed: 8 }, ['seen was left out']],
    ['seen without a number', ',"seen":null', {}, ['seen was left out']],
    [
      'names instead of tools',
      ',"tools":["search"]',
      {},
      ['tools were names without definitions and were left out'],
    ],
    [
      'and a choice among them',
      ',"tools":["search"],"tool_choice":"auto"',
      {},
      ['tools were names without definitions and were left out', 'so was tool_choice'],
    ],
    ['no tools at all', ',"tools":[]', {}, ['tools was empty and was left out']],
    [
      'and a choice among none',
      ',"tools":[],"tool_choice":"auto"',
      {},
      ['tools was empty and was left out', 'so was tool_choice'],
    ],
    ['an empty choice', ',"tool_choice":{}', {}, ['tool_choice was empty and was left out']],
  ])('%s', (...row) => {
    const [, fields, more, warnings] = row;
    expect(read(fields)).toEqual({ warnings, sent: { ...plain, ...more } });
  });

  test('real tools and choices pass untouched', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const { warnings, sent } = read(`,"tools":${JSON.stringify(tools)},"tool_choice":"auto"`);
    expect(warnings).toEqual([]);
    expect(sent).toEqual({ ...plain, tools, tool_choice: 'auto' });
  });

  test('a list that is neither is no list of tools', () => {
    const text = `{"model":"m",${MESSAGES},"tools":["a",1]}`;
    expect(faultOf(() => readRequest(text, text.length)).detail.param).toBe('tools[0]');
  });
});
