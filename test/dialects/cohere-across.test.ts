/** Other formats' questions to models of Cohere's format, its questions to theirs, and back. */
import { describe, expect, test } from 'bun:test';
import {
  anthropicMessagesCaller,
  anthropicMessagesVendor,
} from '../../src/dialects/anthropic-messages/index.ts';
import { bedrockConverseVendor } from '../../src/dialects/bedrock-converse/index.ts';
import {
  cohereChatCaller as caller,
  cohereChatVendor as vendor,
} from '../../src/dialects/cohere-chat/index.ts';
import {
  geminiGenerateCaller,
  geminiGenerateVendor,
} from '../../src/dialects/gemini-generate/index.ts';
import { openaiChatCaller, openaiChatVendor } from '../../src/dialects/openai-chat/index.ts';
import {
  openaiResponsesCaller,
  openaiResponsesVendor,
} from '../../src/dialects/openai-responses/index.ts';
import type { CallerDialect } from '../../src/dialects/shape.ts';
import type { JsonObject } from '../../src/kit/json.ts';
import { faultOf, readError } from './rig.ts';
import { askedOf, readWire, WISH } from './turns.ts';

const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
};
const IMAGE = 'data:image/png;base64,AAAA';
const FUNCTION = { name: 'weather', description: 'Tells it', parameters: CITY };

/** One talk in every format: a system text, a picture, a call and its result, a question. */
const TALKS: readonly (readonly [CallerDialect, JsonObject])[] = [
  [
    openaiChatCaller,
    {
      model: 'm',
      max_tokens: 50,
      stop: ['END'],
      top_p: 0.5,
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Here?' },
            { type: 'image_url', image_url: { url: IMAGE } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"P"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c', content: 'sunny' },
        { role: 'user', content: 'And now?' },
      ],
      tools: [{ type: 'function', function: FUNCTION }],
      tool_choice: 'required',
    },
  ],
  [
    openaiResponsesCaller,
    {
      model: 'm',
      max_output_tokens: 50,
      top_p: 0.5,
      instructions: 'Be brief.',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Here?' },
            { type: 'input_image', image_url: IMAGE },
          ],
        },
        { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{"city":"P"}' },
        { type: 'function_call_output', call_id: 'c', output: 'sunny' },
        { role: 'user', content: 'And now?' },
      ],
      tools: [{ type: 'function', ...FUNCTION }],
      tool_choice: 'required',
    },
  ],
  [
    anthropicMessagesCaller,
    {
      model: 'm',
      max_tokens: 50,
      stop_sequences: ['END'],
      top_p: 0.5,
      system: 'Be brief.',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Here?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 'c', name: 'weather', input: { city: 'P' } }],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c', content: 'sunny' },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
      tools: [{ name: 'weather', description: 'Tells it', input_schema: CITY }],
      tool_choice: { type: 'any' },
    },
  ],
  [
    geminiGenerateCaller,
    {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        {
          role: 'user',
          parts: [{ text: 'Here?' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }],
        },
        {
          role: 'model',
          parts: [{ functionCall: { id: 'c', name: 'weather', args: { city: 'P' } } }],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'c', name: 'weather', response: { output: 'sunny' } } },
            { text: 'And now?' },
          ],
        },
      ],
      generationConfig: { maxOutputTokens: 50, stopSequences: ['END'], topP: 0.5 },
      tools: [
        {
          functionDeclarations: [
            { name: 'weather', description: 'Tells it', parametersJsonSchema: CITY },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY' } },
    },
  ],
];

describe('its models are asked the same', () => {
  test.each(TALKS.map(([from, wire]) => [from.id, from, wire] as const))(
    'in %s',
    (_, from, wire) => {
      const { text, dropped } = vendor.writeTurn(from.readTurn(readWire(from, wire)), WISH);
      const { stop_sequences: stop, ...body } = JSON.parse(text) as JsonObject;
      expect(dropped).toEqual([]);
      if (from !== openaiResponsesCaller) expect(stop).toEqual(['END']);
      const call = { name: 'weather', arguments: '{"city":"P"}' };
      expect(body).toEqual({
        model: 'wire-model',
        max_tokens: 50,
        p: 0.5,
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Here?' },
              { type: 'image_url', image_url: { url: IMAGE } },
            ],
          },
          { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: call }] },
          { role: 'tool', tool_call_id: 'c', content: expect.stringContaining('sunny') },
          { role: 'user', content: 'And now?' },
        ],
        tools: [{ type: 'function', function: FUNCTION }],
        tool_choice: 'REQUIRED',
      });
    },
  );
});

const DOCUMENTS = {
  model: 'm',
  messages: [{ role: 'user', content: 'Where?' }],
  documents: [{ id: 'p', data: { snippet: 'In Antarctica.' } }],
};
const ALL = [
  ...[openaiChatVendor, openaiResponsesVendor, anthropicMessagesVendor, geminiGenerateVendor],
  bedrockConverseVendor,
];

describe('its questions to others', () => {
  test.each(ALL.map(({ id }, at) => [id, at] as const))('%s gets the documents', (_, at) => {
    const turn = caller.readTurn(readWire(caller, DOCUMENTS));
    const { text = '' } = ALL[at]?.writeTurn(turn, WISH) ?? {};
    const base64 = Buffer.from('{"snippet":"In Antarctica."}').toString('base64');
    const words = 'In Antarctica.';
    expect(text.includes(words) || text.includes(base64)).toBe(true);
    expect(text).toContain('Where?');
  });

  test('in chat completions they are words, for files are not taken everywhere', () => {
    const turn = caller.readTurn(readWire(caller, DOCUMENTS));
    const { messages } = JSON.parse(openaiChatVendor.writeTurn(turn, WISH).text) as JsonObject;
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'p:\n{"snippet":"In Antarctica."}' },
          { type: 'text', text: 'Where?' },
        ],
      },
    ]);
  });

  test('in messages they are documents to be cited, and the citations come back', () => {
    const request = readWire(caller, DOCUMENTS);
    const { text } = anthropicMessagesVendor.writeTurn(caller.readTurn(request), WISH);
    const { messages } = JSON.parse(text) as { messages: { content: JsonObject[] }[] };
    expect(messages[0]?.content[0]).toMatchObject({
      type: 'document',
      title: 'p',
      citations: { enabled: true },
    });
    const citation = { type: 'char_location', cited_text: 'Antarctica', document_title: 'p' };
    const said = { type: 'text', text: 'On ice.', citations: [citation] };
    const reply = anthropicMessagesVendor.readReply({ content: [said] }, readError);
    const { message } = caller.writeReply(reply, askedOf(request)) as JsonObject;
    expect((message as JsonObject).citations).toEqual([
      {
        ...{ start: 0, end: 7, text: 'On ice.', content_index: 0, type: 'TEXT_CONTENT' },
        sources: [
          { type: 'document', id: 'p', document: { id: 'p', title: 'p', text: 'Antarctica' } },
        ],
      },
    ]);
  });

  test.each([
    [{ safety_mode: 'STRICT' }, 'safety_mode'],
    [{ citation_options: { mode: 'FAST' } }, 'citation_options'],
    [{ logprobs: true }, 'logprobs'],
    [{ thinking: { type: 'enabled', depth: 1 } }, 'thinking.depth'],
  ] as [JsonObject, string][])('%j is refused by name', (more, field) => {
    const turn = caller.readTurn(readWire(caller, { ...DOCUMENTS, ...more }));
    const fault = faultOf(() => openaiChatVendor.writeTurn(turn, WISH));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', field]);
  });
});

test('a plan goes through a caller of chat completions and comes home as a plan', () => {
  const call = { id: 'c', type: 'function', function: { name: 'weather', arguments: '{}' } };
  const wire = {
    id: 'x',
    message: { role: 'assistant', tool_plan: 'I will look.', tool_calls: [call] },
    finish_reason: 'TOOL_CALL',
  };
  const request = readWire(openaiChatCaller, { model: 'm', messages: DOCUMENTS.messages });
  const reply = openaiChatCaller.writeReply(vendor.readReply(wire, readError), askedOf(request));
  const { choices } = reply as { choices: { message: JsonObject }[] };
  const { message = {} } = choices[0] ?? {};
  expect(message.reasoning_content).toBe('I will look.');
  const result = { role: 'tool', tool_call_id: 'c', content: 'sunny' };
  const next = { model: 'm', messages: [...DOCUMENTS.messages, message, result] };
  const turn = openaiChatCaller.readTurn(readWire(openaiChatCaller, next));
  const { messages } = JSON.parse(vendor.writeTurn(turn, WISH).text) as { messages: JsonObject[] };
  expect(messages[1]).toEqual(wire.message);
  const elsewhere = anthropicMessagesVendor.writeTurn(turn, WISH);
  expect(elsewhere.text).not.toContain('I will look.');
});
