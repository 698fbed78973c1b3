/** Chat requests and answers in the common form: golden pairs, leniency, refusals. */
import { describe, expect, test } from 'bun:test';
import { openaiChatCaller, openaiChatVendor } from '../../src/dialects/openai-chat/index.ts';
import type { Turn } from '../../src/dialects/turn.ts';
import { faultOf, golden, readError, WISH } from './rig.ts';

const readTurn = (body: object): Turn => {
  const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body });
  return openaiChatCaller.readTurn(openaiChatCaller.readRequest(text, text.length));
};
const writeTurn = (turn: Turn, wish: Partial<typeof WISH> = {}) => {
  const written = openaiChatVendor.writeTurn(turn, { ...WISH, stream: false, ...wish });
  return { ...written, body: JSON.parse(written.text) };
};
const itemsOf = (...messages: object[]) => readTurn({ messages }).items;
const reply = (message: object, more: object = {}) =>
  openaiChatVendor.readReply(
    {
      id: 'c-1',
      model: 'm',
      created: 7,
      choices: [{ message, finish_reason: 'stop', ...more }],
    } as never,
    readError,
  );
const answer = (message: object, more: object = {}) => reply(message, more).answers[0];

describe('a request', () => {
  test('with everything that has a common form', () => {
    const { request, turn } = golden('openai-chat');
    expect(readTurn(request)).toEqual(turn);
  });

  test('switches of thinking in the words of compatible vendors', () => {
    const off = { enabled: false, effort: null, budgetTokens: null, show: null };
    expect(readTurn({ thinking: { type: 'disabled' } }).thinking).toEqual(off);
    expect(readTurn({ enable_thinking: false }).thinking).toEqual(off);
    expect(readTurn({ thinking: { type: 'auto' } }).thinking).toBeNull();
    expect(readTurn({ thinking_budget: 900 }).thinking?.budgetTokens).toBe(900);
  });

  test('what has no common form is kept by its name, inner fields by their path', () => {
    const turn = readTurn({
      messages: [
        {
          role: 'user',
          content: [{ type: 'video_url', video_url: { url: 'https://e.com/v', fps: 2 } }],
        },
        { role: 'assistant', content: 'He', partial: true },
      ],
      logit_bias: { 7: -100 },
      prediction: null,
      tools: [{ type: 'custom', custom: { name: 'sql' } }],
    });
    expect(turn.others).toEqual({
      'messages[0].content[0].video_url.fps': 2,
      'messages[1].partial': true,
      logit_bias: { 7: -100 },
      'tools[0]': { type: 'custom', custom: { name: 'sql' } },
    });
  });

  test.each([
    [{ functions: [{ name: 'f' }] }, 'functions'],
    [{ messages: [{ role: 'function', name: 'f', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: [{ type: 'poem' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ temperature: 'warm' }, 'temperature'],
    [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
    [{ response_format: { type: 'xml' } }, 'response_format.type'],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
      'response_format.json_schema.schema',
    ],
  ])('%j is refused at %s', (body, param) => {
    const fault = faultOf(() => readTurn(body));
    expect(fault.code).toBe('invalid_request');
    expect(fault.detail.param).toBe(param);
    expect(fault.message).toStartWith(param);
  });
});

describe('a request for a vendor', () => {
  test('names the model, asks streams for usage, and obeys the tweaks', () => {
    const turn = readTurn({ max_completion_tokens: 9, thinking: { type: 'enabled' } });
    const { body } = writeTurn(turn, {
      stream: true,
      tweaks: {
        rename: { max_completion_tokens: 'max_tokens' },
        force: { store: false },
        thinking: 'type',
      },
    } as never);
    expect(body).toEqual({
      model: 'wire',
      messages: [{ role: 'user', content: 'Hi' }],
      thinking: { type: 'enabled' },
      max_tokens: 9,
      stream: true,
      stream_options: { include_usage: true },
      store: false,
    });
  });

  test('of another dialect: its own fields are refused or left out, hints with a word', () => {
    const turn: Turn = {
      ...readTurn({}),
      origin: 'anthropic-messages',
      others: { container: 'c', prompt_cache_key: 'k', store: true, verbosity: 'low' },
    };
    const fault = faultOf(() => writeTurn(turn));
    expect(fault.code).toBe('unsupported_parameter');
    expect(fault.detail.param).toBe('container');
    const { body, dropped, warnings } = writeTurn(turn, { mayDrop: true });
    expect(dropped).toEqual(['container']);
    expect(warnings).toEqual(['store was left out']);
    expect(body).toMatchObject({ prompt_cache_key: 'k', verbosity: 'low' });
  });

  test('fields that a vendor refuses are refused here too', () => {
    const tweaks = { refuse: { seed: 'This vendor has no seed.' } };
    const fault = faultOf(() => writeTurn(readTurn({ seed: 1 }), { tweaks }));
    expect(fault.message).toContain('This vendor has no seed.');
    expect(writeTurn(readTurn({ seed: 1 }), { tweaks, mayDrop: true }).dropped).toEqual(['seed']);
  });

  test('pictures that a tool answered follow its answers as a message of the user', () => {
    const image = { type: 'image', media: { at: 'url', url: 'https://e.com/a', mediaType: null } };
    const result = (callId: string, ...content: object[]) =>
      ({ type: 'tool_result', callId, name: null, content, isError: false }) as never;
    const items = [
      result('a', { type: 'text', text: 'See.' }, image),
      result('b', { type: 'text', text: 'Two.' }),
    ];
    const { body, warnings } = writeTurn({ ...readTurn({}), items });
    expect(body.messages.map(({ role }: { role: string }) => role)).toEqual([
      'tool',
      'tool',
      'user',
    ]);
    expect(body.messages[2].content).toEqual([
      { type: 'image_url', image_url: { url: 'https://e.com/a' } },
    ]);
    expect(warnings?.[0]).toContain('tool');
  });

  test('a budget of thinking becomes an effort where there is no budget, and that is said', () => {
    const thinking = { enabled: true, effort: null, budgetTokens: 4_000, show: null };
    const { body, warnings } = writeTurn({ ...readTurn({}), thinking });
    expect(body.reasoning_effort).toBe('medium');
    expect(warnings?.[0]).toContain('4000');
    const flag = writeTurn({ ...readTurn({}), thinking }, { tweaks: { thinking: 'flag' } });
    expect(flag.body).toMatchObject({ enable_thinking: true, thinking_budget: 4_000 });
    const off = { ...thinking, enabled: false, budgetTokens: null };
    expect(writeTurn({ ...readTurn({}), thinking: off }).body.reasoning_effort).toBe('none');
  });

  test('thoughts go back in the field that the vendor takes, and its own proofs always', () => {
    const items = itemsOf(
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Ho', reasoning_content: 'Hm.', encrypted_content: 'sealed' },
    );
    const told = writeTurn({ ...readTurn({}), items }, { tweaks: { thoughtsBack: 'reasoning' } });
    expect(told.body.messages[1]).toEqual({
      role: 'assistant',
      content: 'Ho',
      reasoning: 'Hm.',
      encrypted_content: 'sealed',
    });
    const silent = writeTurn({ ...readTurn({}), items });
    expect(silent.body.messages[1]).not.toHaveProperty('reasoning_content');
    expect(silent.body.messages[1].encrypted_content).toBe('sealed');
  });
});

describe('an answer of a compatible vendor', () => {
  const thought = { type: 'reasoning', seal: null, redacted: false };
  const said = (text: string) => ({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text }],
  });
  const hi = said('Hi');

  test.each([
    ['reasoning_content', { content: 'Hi', reasoning_content: 'Hm' }],
    ['reasoning', { content: 'Hi', reasoning: 'Hm' }],
    [
      'thinking among the parts',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
          { type: 'text', text: 'Hi' },
        ],
      },
    ],
  ])('thoughts in %s', (_, message) => {
    const items = answer({ role: 'assistant', ...message })?.items ?? [];
    expect([...items]).toEqual([{ ...thought, text: 'Hm' }, hi] as never);
  });

  test('empty calls, null fields, calls without id, the one old call', () => {
    expect(
      answer({ role: 'assistant', content: 'Hi', tool_calls: [], refusal: null })?.items,
    ).toEqual([hi] as never);
    const nameless = { type: 'function', function: { name: 'f', arguments: '{}' } };
    const called = answer({ role: 'assistant', content: '', tool_calls: [nameless, nameless] });
    expect(called?.items.map((item) => 'id' in item && item.id)).toEqual(['call_0', 'call_1']);
    expect(called?.stop).toBe('tool_calls');
    const old = answer({
      role: 'assistant',
      content: null,
      function_call: { name: 'f', arguments: '{}' },
    });
    expect(old?.items).toMatchObject([{ type: 'tool_call', name: 'f' }]);
  });

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['content_filter', 'filter'],
    ['sensitive', 'filter'],
    ['eos', 'stop'],
    [null, 'stop'],
  ])('that ended with %s', (word, stop) => {
    expect(answer({ role: 'assistant', content: 'Hi' }, { finish_reason: word })?.stop).toBe(
      stop as never,
    );
  });

  test('reasoning that is counted beside the output is added, as the total tells', () => {
    const usage = (more: object) =>
      openaiChatVendor.readReply(
        { choices: [{ message: { content: 'Hi' } }], usage: more } as never,
        readError,
      ).usage;
    const details = { completion_tokens_details: { reasoning_tokens: 5 } };
    const apart = { prompt_tokens: 10, completion_tokens: 3, total_tokens: 18, ...details };
    expect(usage(apart)?.output).toBe(8);
    expect(usage({ ...apart, completion_tokens: 8 })?.output).toBe(8);
    const hits = { prompt_tokens: 9, completion_tokens: 1, prompt_cache_hit_tokens: 4 };
    expect(usage(hits)?.cachedInput).toBe(4);
    expect(usage({ prompt_tokens: 9 })).toBeNull();
  });

  test.each([
    [{ error: { message: 'No.' } }, 'vendor_error'],
    [{ choices: [] }, 'vendor_empty'],
    [{ choices: [{ message: 'Hi' }] }, 'vendor_malformed'],
    [{ choices: [{ message: { role: 'assistant', content: 7 } }] }, 'vendor_malformed'],
    [{ choices: [{ message: { content: 'Hi' }, finish_reason: 'network_error' }] }, 'vendor_cut'],
    [[], 'vendor_malformed'],
  ])('%j is no answer', (body, code) => {
    const fault = faultOf(() => openaiChatVendor.readReply(body as never, readError));
    expect(fault.code).toBe(code as never);
  });
});
