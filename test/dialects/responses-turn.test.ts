/** Requests for a response and answers in the common form: golden pairs, keys, refusals. */
import { describe, expect, test } from 'bun:test';
import {
  openaiResponsesCaller,
  openaiResponsesPassage,
  openaiResponsesVendor,
} from '../../src/dialects/openai-responses/index.ts';
import { packSeal } from '../../src/dialects/seals.ts';
import type { Turn, TurnReply } from '../../src/dialects/turn.ts';
import { Fault } from '../../src/kit/fault.ts';
import { askedOf, faultOf, golden, readError, WISH } from './rig.ts';

const read = (body: object) => {
  const text = JSON.stringify({ model: 'm', input: 'Hi', ...body });
  return openaiResponsesCaller.readRequest(text, text.length);
};
const readTurn = (body: object): Turn => openaiResponsesCaller.readTurn(read(body));
const writeTurn = (turn: Turn, wish: object = {}) => {
  const written = openaiResponsesVendor.writeTurn(turn, { ...WISH, stream: false, ...wish });
  return { ...written, body: JSON.parse(written.text) };
};

describe('a request', () => {
  test('with everything that has a common form', () => {
    const { request, turn } = golden('openai-responses');
    expect(readTurn(request)).toEqual(turn);
  });

  test('what has no common form is kept by its name, inner fields by their path', () => {
    const { others } = readTurn({
      tools: [{ type: 'web_search' }],
      reasoning: { effort: 'low', context: 'all_turns' },
      include: ['message.output_text.logprobs'],
      truncation: 'auto',
      max_tool_calls: 3,
    });
    expect(others).toEqual({
      'tools[0]': { type: 'web_search' },
      'reasoning.context': 'all_turns',
      include: ['message.output_text.logprobs'],
      truncation: 'auto',
      max_tool_calls: 3,
    });
  });

  test.each([
    [{ input: 7 }, 'input'],
    [{ input: [] }, 'input'],
    [{ model: '' }, 'model'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
  ])('%j is refused when it is read', (body, param) => {
    const fault = faultOf(() => read(body));
    expect(fault.code).toBe('invalid_request');
    expect(fault.detail.param).toBe(param);
  });

  test.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0]'],
    [{ input: [{ type: 'web_search_call', id: 'ws_1' }] }, 'input[0]'],
    [{ input: [{ role: 'robot', content: 'x' }] }, 'input[0].role'],
    [{ input: [{ type: 'function_call', call_id: 'c', name: 'f' }] }, 'input[0].arguments'],
    [{ text: { format: { type: 'xml' } } }, 'text.format.type'],
  ])('%j has no common form', (body, param) => {
    const fault = faultOf(() => readTurn(body));
    expect(fault.code).toBe('invalid_request');
    expect(fault.detail.param).toBe(param);
  });

  test('pictures and files count as media, not by their bytes', () => {
    const data = `data:image/png;base64,${'A'.repeat(400_000)}`;
    const { inputTokensBound } = read({
      input: [{ role: 'user', content: [{ type: 'input_image', image_url: data }] }],
    });
    expect(inputTokensBound).toBeLessThan(20_000);
    expect(inputTokensBound).toBeGreaterThan(16_000);
  });
});

describe('a request for a vendor', () => {
  test('keeps nothing there, and asks for proofs where the model reasons', () => {
    const { body } = writeTurn(
      readTurn({ instructions: 'Be brief.', reasoning: { effort: 'low' } }),
      {
        stream: true,
      },
    );
    expect(body).toEqual({
      model: 'wire',
      instructions: 'Be brief.',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
      reasoning: { effort: 'low' },
      include: ['reasoning.encrypted_content'],
      stream: true,
      store: false,
    });
  });

  test('proofs of another dialect stay here, and that is said', () => {
    const seal = { dialect: 'anthropic-messages', value: 'x' };
    const items = [{ type: 'reasoning', text: 'Hm', seal, redacted: false }] as const;
    const { body, warnings } = writeTurn({ ...readTurn({}), items });
    expect(body.input).toEqual([]);
    expect(warnings).toEqual(['earlier thoughts were left out']);
  });

  test.each(['stop', 'seed', 'n'])('%s is refused, or left out with leave', (field) => {
    const said = { stop: ['x'], seed: 1, choices: 2 };
    const [key, value] = Object.entries(said).find(
      ([name]) => name === field || (name === 'choices' && field === 'n'),
    ) as [string, never];
    const turn = { ...readTurn({}), [key]: value } as Turn;
    expect(faultOf(() => writeTurn(turn)).detail.param).toBe(field);
    expect(writeTurn(turn, { mayDrop: true }).dropped).toEqual([field]);
  });
});

describe('a request on its way untouched', () => {
  const pass = (body: object, wish: object = {}) =>
    JSON.parse(openaiResponsesPassage.writeRequest(read(body), { ...WISH, ...wish }).text);

  test('is the caller’s but for the model and where it is kept', () => {
    const body = {
      input: [{ type: 'web_search_call', id: 'ws' }],
      tools: [{ type: 'web_search' }],
    };
    expect(pass(body)).toEqual({ model: 'wire', store: false, ...body });
    const reasoning = { effort: 'low' };
    expect(pass({ reasoning }).include).toEqual(['reasoning.encrypted_content']);
    expect(pass({ reasoning: { effort: 'none' } }).include).toBeUndefined();
    expect(pass({ reasoning, include: ['a', 'reasoning.encrypted_content'] }).include).toHaveLength(
      2,
    );
  });

  test('says which tools its vendor does not take, and leaves them out with leave', () => {
    const call = { type: 'function', name: 'f', parameters: null };
    const body = { tools: [{ type: 'namespace', name: 'n', tools: [] }, call] };
    const tweaks = { toolTypes: ['function', 'mcp'] };
    const fault = faultOf(() => pass(body, { tweaks }));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', 'tools[0]']);
    expect(fault.message).toContain('function, mcp');
    expect(pass(body, { tweaks, mayDrop: true }).tools).toEqual([call]);
    const alone = { tools: body.tools.slice(0, 1), tool_choice: 'auto' };
    expect(pass(alone, { tweaks, mayDrop: true })).toEqual({
      model: 'wire',
      store: false,
      input: 'Hi',
    });
    const wish = { ...WISH, tweaks, mayDrop: true };
    expect(openaiResponsesPassage.writeRequest(read(body), wish).dropped).toEqual(['tools[0]']);
  });

  test('asks for no tools by asking for none', () => {
    expect(pass({ tools: [] })).toEqual({ model: 'wire', store: false, input: 'Hi' });
  });

  test('leaves out proofs of other dialects, which its vendor could not read', () => {
    const own = { type: 'reasoning', summary: [], encrypted_content: 'gAAAA' };
    const other = { ...own, encrypted_content: packSeal(PACKED, 'openai-responses') };
    expect(pass({ input: [own, other] }).input).toEqual([own]);
  });

  test('speaks of roles as its vendor does', () => {
    const input = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ];
    const { input: told } = pass({ input }, { tweaks: { roles: { developer: 'system' } } });
    expect(told).toEqual([{ role: 'system', content: 'Be brief.' }, input[1]]);
    expect(pass({ input }).input).toEqual(input);
  });

  test('what the vendor refuses is refused, and what it wants forced is forced', () => {
    const tweaks = { refuse: { truncation: 'Never.' }, force: { service_tier: 'default' } };
    const fault = faultOf(() => pass({ truncation: 'auto' }, { tweaks }));
    expect(fault.code).toBe('unsupported_parameter');
    const { text, dropped } = openaiResponsesPassage.writeRequest(read({ truncation: 'auto' }), {
      ...WISH,
      tweaks,
      mayDrop: true,
    });
    expect(dropped).toEqual(['truncation']);
    expect(JSON.parse(text)).toMatchObject({ service_tier: 'default' });
    expect(JSON.parse(text)).not.toHaveProperty('truncation');
  });
});

const PACKED = { seal: { dialect: 'anthropic-messages', value: 'abc' }, of: 'thoughts' } as const;

const REPLY: TurnReply = {
  id: 'x',
  model: 'm-2',
  createdS: 5,
  answers: [
    {
      items: [{ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Ho' }] }],
      stop: 'stop',
      stopSequence: null,
    },
  ],
  usage: { input: 5, output: 3, cachedInput: 2, cacheWrite: 0, reasoning: 1 },
};

describe('an answer for the caller', () => {
  /** The keys that the schema of Open Responses requires. */
  const KEYS = [
    ...['id', 'object', 'created_at', 'completed_at', 'status', 'incomplete_details', 'model'],
    ...['previous_response_id', 'instructions', 'output', 'error', 'tools', 'tool_choice'],
    ...['truncation', 'parallel_tool_calls', 'text', 'top_p', 'presence_penalty'],
    ...['frequency_penalty', 'top_logprobs', 'temperature', 'reasoning', 'usage'],
    ...['max_output_tokens', 'max_tool_calls', 'store', 'background', 'service_tier'],
    ...['metadata', 'safety_identifier', 'prompt_cache_key'],
  ];

  test('has every key, tells back what was asked, and its defaults', () => {
    const asked = askedOf(openaiResponsesCaller, { temperature: 0.5, metadata: { a: 'b' } });
    const written = openaiResponsesCaller.writeReply(REPLY, asked) as Record<string, unknown>;
    for (const key of KEYS) expect(written).toHaveProperty(key);
    expect(written).toMatchObject({
      id: 'resp_0199',
      status: 'completed',
      model: 'm-2',
      temperature: 0.5,
      top_p: 1,
      metadata: { a: 'b' },
      text: { format: { type: 'text' } },
      usage: { total_tokens: 8, input_tokens_details: { cached_tokens: 2 } },
      output: [
        {
          type: 'message',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Ho', annotations: [], logprobs: [] }],
        },
      ],
    });
  });

  test.each([
    ['length', 'max_output_tokens'],
    ['filter', 'content_filter'],
  ] as const)('that ended by %s is incomplete', (stop, reason) => {
    const [answer] = REPLY.answers;
    const cut = { ...REPLY, answers: [{ items: [], stopSequence: null, ...answer, stop }] };
    const asked = askedOf(openaiResponsesCaller, {});
    expect(openaiResponsesCaller.writeReply(cut, asked)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason },
    });
  });
});

describe('an answer of a vendor', () => {
  test.each([
    [{ error: { message: 'No.' }, output: [] }, 'vendor_error'],
    [{ status: 'failed', output: [] }, 'vendor_error'],
    [{ status: 'completed' }, 'vendor_malformed'],
    [{ status: 'in_progress', output: [] }, 'vendor_cut'],
    [{ output: [{ type: 'function_call', name: 'f' }] }, 'vendor_malformed'],
  ])('%j is none', (body, code) => {
    const fault = faultOf(() => openaiResponsesVendor.readReply(body as never, readError));
    expect(fault.code).toBe(code as never);
  });

  test('kinds that no other format knows are passed over; untouched they stay', () => {
    const said = {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Ho' }],
    };
    const body = { id: 'r', status: 'completed', output: [{ type: 'web_search_call' }, said] };
    const reply = openaiResponsesVendor.readReply(body, readError);
    expect(reply.answers[0]?.items).toHaveLength(1);
    const text = JSON.stringify(body);
    const passed = openaiResponsesPassage.readReply(text, readError);
    expect(passed.text).toBe(text);
    expect(passed.contentBytes).toBe(2);
  });
});

describe('a fault', () => {
  test('in a stream is raised by clients that read it flat or nested', () => {
    const fault = new Fault('vendor_cut', { param: 'input' });
    const written = openaiResponsesCaller.writeFaultEvent(fault, 'req_1');
    expect(written).toStartWith('event: error\n');
    const body = JSON.parse(written.slice(written.indexOf('{')));
    expect(body).toMatchObject({ type: 'error', code: 'vendor_cut', param: 'input' });
    expect(body.error).toMatchObject({ type: 'server_error', code: 'vendor_cut' });
  });
});
