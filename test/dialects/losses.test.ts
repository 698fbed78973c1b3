/** What a format cannot say is named as the caller calls it. */
import { expect, test } from 'bun:test';
import {
  anthropicMessagesCaller,
  anthropicMessagesVendor,
} from '../../src/dialects/anthropic-messages/index.ts';
import {
  geminiGenerateCaller,
  geminiGenerateVendor,
} from '../../src/dialects/gemini-generate/index.ts';
import { openaiChatCaller } from '../../src/dialects/openai-chat/index.ts';
import type { CallerDialect, VendorDialect } from '../../src/dialects/shape.ts';
import { faultOf } from './rig.ts';

const CONTENTS = { contents: [{ parts: [{ text: 'hi' }] }] };
const MESSAGES = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const TOOLS = [{ name: 'f', input_schema: { type: 'object', properties: {} } }];
const WISH = { wireModel: 'm', tweaks: undefined, asksUsage: true, stream: false };

const write = (caller: CallerDialect, body: object, vendor: VendorDialect) => {
  const text = JSON.stringify(body);
  const turn = caller.readTurn(caller.readRequest(text, text.length, { model: 'm' }));
  const refused = faultOf(() => vendor.writeTurn(turn, { ...WISH, mayDrop: false }));
  const { dropped } = vendor.writeTurn(turn, { ...WISH, mayDrop: true });
  return [refused.detail.param, dropped];
};

test.each([
  [
    geminiGenerateCaller,
    { ...CONTENTS, generationConfig: { seed: 3 } },
    anthropicMessagesVendor,
    'generationConfig.seed',
  ],
  [
    anthropicMessagesCaller,
    { ...MESSAGES, tools: TOOLS, tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    geminiGenerateVendor,
    'tool_choice.disable_parallel_tool_use',
  ],
  [openaiChatCaller, { ...MESSAGES, seed: 7 }, anthropicMessagesVendor, 'seed'],
])('in %o', (...row) => {
  const [caller, body, vendor, name] = row;
  expect(write(caller, body, vendor)).toEqual([name, [name]]);
});
