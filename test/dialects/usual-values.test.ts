/** Fields that ask for nothing are no reason to refuse a call to a model of another format. */
import { describe, expect, test } from 'bun:test';
import { anthropicMessagesVendor } from '../../src/dialects/anthropic-messages/index.ts';
import {
  geminiGenerateCaller,
  geminiGenerateVendor,
} from '../../src/dialects/gemini-generate/index.ts';
import { openaiChatCaller, openaiChatVendor } from '../../src/dialects/openai-chat/index.ts';
import { openaiResponsesVendor } from '../../src/dialects/openai-responses/index.ts';
import type { CallerDialect } from '../../src/dialects/shape.ts';
import { faultOf } from './rig.ts';
import { readWire, WISH } from './turns.ts';

const CHAT = { messages: [{ role: 'user', content: 'hi' }] };
const GEMINI = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };

function turnOf(dialect: CallerDialect, wire: object) {
  return dialect.readTurn(readWire(dialect, wire));
}

const fromChat = (fields: object) => turnOf(openaiChatCaller, { model: 'm', ...CHAT, ...fields });

describe('what asks for nothing', () => {
  test.each([
    { logprobs: false, top_logprobs: 0 },
    { frequency_penalty: 0, presence_penalty: 0 },
    { logit_bias: {}, functions: [], modalities: ['text'] },
    { repetition_penalty: 1, min_p: 0, extra_body: {} },
  ])('of OpenAI: %j', (fields) => {
    for (const vendor of [anthropicMessagesVendor, geminiGenerateVendor, openaiResponsesVendor]) {
      const { text, dropped } = vendor.writeTurn(fromChat(fields), WISH);
      expect(dropped).toEqual([]);
      for (const field of Object.keys(fields)) expect(text).not.toContain(`"${field}"`);
    }
  });

  test.each([
    { safetySettings: [] },
    { generationConfig: { responseModalities: ['TEXT'], responseLogprobs: false } },
  ])('of Gemini: %j', (fields) => {
    const turn = turnOf(geminiGenerateCaller, { ...GEMINI, ...fields });
    for (const vendor of [anthropicMessagesVendor, openaiChatVendor, openaiResponsesVendor]) {
      expect(vendor.writeTurn(turn, WISH).dropped).toEqual([]);
    }
  });

  test.each([
    [{ logprobs: true }, 'logprobs'],
    [{ frequency_penalty: 0.5 }, 'frequency_penalty'],
    [{ logit_bias: { 7: 1 } }, 'logit_bias'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    // To be there is to ask for a search.
    [{ web_search_options: {} }, 'web_search_options'],
  ])('but %j asks for something', (fields, field) => {
    const fault = faultOf(() => anthropicMessagesVendor.writeTurn(fromChat(fields), WISH));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', field]);
  });
});

test('top_k is asked of every format that has it', () => {
  const turn = fromChat({ top_k: 5 });
  const written = (vendor: typeof openaiChatVendor) =>
    JSON.parse(vendor.writeTurn(turn, WISH).text);
  expect(written(anthropicMessagesVendor)).toMatchObject({ top_k: 5 });
  expect(written(geminiGenerateVendor)).toMatchObject({ generationConfig: { topK: 5 } });
  expect(written(openaiChatVendor)).toMatchObject({ top_k: 5 });
  // It only narrows what is drawn from, and some clients send it with each call.
  expect(openaiResponsesVendor.writeTurn(turn, WISH).warnings).toEqual(['top_k was left out']);
});
