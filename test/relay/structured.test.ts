/** JSON that fits: how it is asked for, judged, mended, asked for again, and paid for. */
import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/kit/json.ts';
import { makeRig } from './rig.ts';
import type { Script } from './sim-vendors.ts';
import {
  answer,
  asking,
  calls,
  contentOf,
  costOf,
  GOOD,
  headerOf,
  MODES,
  replyOf,
  run,
  SCHEMA,
  SCHEMAS,
  says,
  TOOLS,
  USAGE,
  WORDS,
  WRONG,
} from './structured-rig.ts';

describe('a model that keeps to schemas itself', () => {
  test('is asked by the caller’s own bytes, and its own bytes come back', async () => {
    const script = says(GOOD);
    const ran = await run(SCHEMAS, script);
    const [act] = script.acts ?? [];
    expect(ran.text).toBe(act !== undefined && 'bytes' in act ? act.bytes : '');
    expect(headerOf(ran)).toBe('native; attempts=1');
    const sent = { messages: [{ role: 'user', content: 'hi' }], ...asking() };
    expect(ran.rig.vendors.asked[0]?.body).toBe(JSON.stringify({ model: 'wire-m', ...sent }));
    const plain = await run({ ...SCHEMAS, more: { pad: JSON.stringify(asking()) } }, says('x'));
    const [held, usual] = [ran, plain].map(({ rig }) => rig.ledger.holds[0]?.amount ?? 0n);
    expect(Number(held)).toBeLessThan(Number(usual) * 1.5);
  });

  test('what is only syntax is mended', async () => {
    const ran = await run(SCHEMAS, says(`Here:\n\`\`\`json\n${GOOD.replace('}', ',}')}\n\`\`\``));
    expect(contentOf(ran)).toBe(GOOD);
    expect(headerOf(ran)).toBe('native; attempts=1; repaired');
    expect(replyOf(ran).usage.structured_output).toEqual({
      mode: 'native',
      attempts: 1,
      repaired: ['fence', 'trailing_comma'],
    });
  });

  test('what does not fit is a fault with the answer, and paid for', async () => {
    const { fault, rig } = await run(SCHEMAS, says(WRONG));
    expect(fault?.code).toBe('structured_output_failed');
    expect(fault?.detail.more).toEqual({
      attempts: 1,
      errors: [{ pointer: '/age', message: 'must be integer' }],
      answer: WRONG,
    });
    expect(fault?.detail.headers?.['x-should-retry']).toBe('false');
    expect(rig.ledger.row).toMatchObject({ state: 'charged', endReason: 'vendor_fault' });
    expect(rig.ledger.row.charge).toBe(costOf(1));
    expect(rig.deps.breaker.waitMs('a|wire-m')).toBe(0);
  });

  test('refusals, filters and cuts are told as they are', async () => {
    for (const script of [
      answer({ refusal: 'I will not.' }),
      says('{"name":"L', 'length'),
      says('', 'content_filter'),
    ]) {
      const ran = await run(SCHEMAS, script);
      const [act] = script.acts ?? [];
      expect(ran.text).toBe(act !== undefined && 'bytes' in act ? act.bytes : '');
      expect(headerOf(ran)).toBe('native; attempts=1; passed');
    }
  });

  test('is asked again where the caller wants that', async () => {
    const ran = await run({ ...SCHEMAS, wishes: { attempts: 2 } }, says(WRONG), says(GOOD));
    expect([contentOf(ran), headerOf(ran)]).toEqual([GOOD, 'native; attempts=2']);
    expect(ran.asked[1]?.response_format).toEqual(ran.asked[0]?.response_format as Json);
  });

  test('every choice must fit', async () => {
    const choices = [GOOD, WRONG].map((content, index) => ({
      index,
      message: { role: 'assistant', content },
      finish_reason: 'stop',
    }));
    const bytes = JSON.stringify({ choices, usage: USAGE });
    const { fault } = await run({ ...SCHEMAS, more: { ...asking(), n: 2 } }, { acts: [{ bytes }] });
    expect(fault?.code).toBe('structured_output_failed');
  });

  test('nothing is done where the caller does not want it', async () => {
    const ran = await run({ ...SCHEMAS, wishes: { off: true } }, says(WRONG));
    expect([contentOf(ran), headerOf(ran)]).toEqual([WRONG, undefined]);
  });
});

describe('a model that does not', () => {
  test('must call a tool whose arguments are the answer', async () => {
    const ran = await run(TOOLS, calls('person', GOOD));
    const [asked] = ran.asked;
    expect(asked?.tools?.[0]?.function).toMatchObject({ name: 'person', parameters: SCHEMA });
    expect(asked?.tool_choice).toEqual({ type: 'function', function: { name: 'person' } });
    expect(asked?.response_format).toBeUndefined();
    expect(replyOf(ran).choices[0]).toMatchObject({
      message: { content: GOOD },
      finish_reason: 'stop',
    });
    expect(headerOf(ran)).toBe('forced_tool; attempts=1');
  });

  test('a call that was cut off is told as a text that was', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'person', arguments: '{"na' } };
    const ran = await run(TOOLS, answer({ tool_calls: [call] }, 'length'));
    expect(replyOf(ran).choices[0]).toMatchObject({
      message: { content: '{"na' },
      finish_reason: 'length',
    });
    expect(headerOf(ran)).toBe('forced_tool; attempts=1; passed');
  });

  test('or has a JSON mode and is told the schema, behind the system’s own words', async () => {
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Who?' },
    ];
    const ran = await run({ ...MODES, more: { ...asking(), messages } }, says(GOOD));
    const [asked] = ran.asked;
    expect(asked?.response_format).toEqual({ type: 'json_object' });
    expect(asked?.messages.map(({ role }) => role)).toEqual(['system', 'system', 'user']);
    expect(asked?.messages[1]?.content).toContain(JSON.stringify(SCHEMA));
    expect(headerOf(ran)).toBe('json_mode; attempts=1');
  });

  test('or is only told', async () => {
    const ran = await run(WORDS, says(`The person is ${GOOD}.`));
    expect(ran.asked[0]?.response_format).toBeUndefined();
    expect([contentOf(ran), headerOf(ran)]).toEqual([GOOD, 'prompt; attempts=1; repaired']);
  });

  test('keeps the caller’s own tools, and may call them first', async () => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: {} } }];
    const ran = await run({ ...TOOLS, more: { ...asking(), tools } }, calls('look', '{}'));
    expect(ran.asked[0]?.tools?.length).toBe(1);
    expect(replyOf(ran).choices[0]?.finish_reason).toBe('tool_calls');
    expect(headerOf(ran)).toBe('prompt; attempts=1; passed');
  });

  test('is asked again with what is wrong; all is metered, paid and shown', async () => {
    const ran = await run(WORDS, says(WRONG), says('I see.'), says(GOOD));
    expect([contentOf(ran), headerOf(ran)]).toEqual([GOOD, 'prompt; attempts=3']);
    const last = ran.asked[2]?.messages.map(({ role, content }) => [role, content]) ?? [];
    expect(last.slice(2)).toEqual([
      ['assistant', WRONG],
      ['user', expect.stringContaining('- /age: must be integer')],
      ['assistant', 'I see.'],
      ['user', expect.stringContaining('- /: is not JSON')],
    ]);
    expect(replyOf(ran).usage).toMatchObject({
      prompt_tokens: 300,
      completion_tokens: 30,
      structured_output: { mode: 'prompt', attempts: 3 },
    });
    const { row, holds } = ran.rig.ledger;
    expect(row).toMatchObject({ endReason: 'complete', usageSource: 'vendor', charge: costOf(3) });
    expect(row.quantities).toMatchObject({ inputTokens: 300, outputTokens: 30 });
    expect(JSON.parse(row.attempts).length).toBe(3);
    expect(Number(holds[0]?.amount)).toBeGreaterThan(Number(costOf(3)));
    expect(ran.rig.events.filter((event) => event === 'hold').length).toBe(1);
  });

  test('fails after the last attempt, charged for each', async () => {
    const { fault, rig, asked } = await run(WORDS, says(WRONG));
    expect([fault?.code, fault?.status, asked.length]).toEqual([
      'structured_output_failed',
      422,
      3,
    ]);
    expect(fault?.detail.more?.attempts).toBe(3);
    expect(rig.ledger.row).toMatchObject({ charge: costOf(3), endReason: 'vendor_fault' });
  });

  test('the hold covers every round, whatever each of them may use', async () => {
    const one = await run({ ...WORDS, wishes: { attempts: 1 } }, says(GOOD));
    const three = await run(WORDS, says(GOOD));
    const [least, most] = [one, three].map(({ rig }) => Number(rig.ledger.holds[0]?.amount));
    expect(most).toBeGreaterThan(3 * (least ?? 0));
  });

  test('is asked no more often than the settings allow, in number and in money', async () => {
    const few = { structured: { attemptsMax: 2, againMax: null } };
    const many = await run({ ...WORDS, settings: few, wishes: { attempts: 9 } }, says(WRONG));
    expect(many.asked.length).toBe(2);
    const poor = { structured: { attemptsMax: 5, againMax: 1n } };
    expect((await run({ ...WORDS, settings: poor }, says(WRONG))).asked.length).toBe(1);
  });

  test('nor than its key allows, whatever the settings say', async () => {
    const few = await run({ ...WORDS, key: { jsonAttemptsMax: 2 } }, says(WRONG));
    expect(few.asked.length).toBe(2);
    const more = await run({ ...WORDS, key: { jsonAttemptsMax: 4 } }, says(WRONG));
    expect(more.asked.length).toBe(4);
    const poor = await run({ ...WORDS, key: { jsonAgainMax: 0n } }, says(WRONG));
    expect(poor.asked.length).toBe(1);
    const [one, held] = [await run({ ...WORDS, wishes: { attempts: 1 } }, says(GOOD)), poor].map(
      ({ rig }) => rig.ledger.holds[0]?.amount,
    );
    expect(held).toBe(one ?? 0n);
  });

  test('that thinks is not made to call, unless it is told not to think', async () => {
    const able = { json: 'object', tools: true, images: false, reasoning: true } as const;
    const wish = { model: { abilities: able } };
    expect(headerOf(await run(wish, says(GOOD)))).toBe('json_mode; attempts=1');
    const more = { ...asking(), thinking: { type: 'disabled' } };
    const told = await run({ ...wish, more }, calls('person', GOOD));
    expect(headerOf(told)).toBe('forced_tool; attempts=1');
  });

  test('a request without a common form passes as ever where no schema is wanted', async () => {
    const functions = [{ name: 'f', parameters: {} }];
    const more = { functions, tool_choice: { type: 'function', function: { name: 'f' } } };
    expect(contentOf(await run({ more }, says('Hi.')))).toBe('Hi.');
    const { fault } = await run({ ...WORDS, more: { functions, ...asking() } }, says(GOOD));
    expect([fault?.code, fault?.detail.param]).toEqual(['invalid_request', 'functions']);
  });

  test('an upstream that fails in a later round leaves the earlier ones paid', async () => {
    const refusal: Script = { status: 401, acts: [{ bytes: '{"error":{"message":"no"}}' }] };
    const { fault, rig } = await run(WORDS, says(WRONG), refusal);
    expect(fault?.code).toBe('vendor_refused_us');
    expect(rig.ledger.row).toMatchObject({ state: 'charged', charge: costOf(1) });
  });

  test('nobody asks again for a caller that left', async () => {
    const rig = await makeRig(WORDS, { a: [{ ...says(WRONG), afterMs: 500 }] });
    const work = rig.call(asking()).catch((thrown: unknown) => thrown);
    await rig.clock.advance(100);
    rig.left.abort();
    await rig.clock.until(work);
    await rig.clock.advance(10);
    expect(rig.vendors.asked.length).toBe(1);
    expect(rig.ledger.row).toMatchObject({ endReason: 'caller_left', charge: costOf(1) });
  });

  test('any JSON will do where only JSON is asked for', async () => {
    const more = { response_format: { type: 'json_object' } };
    const ran = await run({ ...WORDS, more }, says('[1,2] is it'));
    expect([contentOf(ran), headerOf(ran)]).toEqual(['[1,2]', 'prompt; attempts=1; repaired']);
    const mode = await run({ ...MODES, more }, says('{}'));
    expect([mode.asked[0]?.response_format, headerOf(mode)]).toEqual([
      { type: 'json_object' },
      'native; attempts=1',
    ]);
  });
});

describe('a schema', () => {
  test('outside of the strict subset is refused before anything else happens', async () => {
    const { required: _, ...loose } = SCHEMA;
    const { fault, rig } = await run({ more: asking({ schema: loose }) }, says(GOOD));
    expect([fault?.code, fault?.detail.param]).toEqual([
      'invalid_schema',
      'response_format.json_schema.schema',
    ]);
    expect(fault?.message).toContain('at /required: must list every property; "name" is missing');
    expect(rig.events).toEqual([]);
  });

  test('that is none is refused too, also where strict was not asked for', async () => {
    const schema = { type: 'object', properties: { a: { $ref: 'https://x.test/s' } } };
    const { fault } = await run({ more: asking({ schema, strict: false }) }, says(GOOD));
    expect(fault?.message).toContain('refers to https://x.test/s');
  });

  test('that is loose is checked all the same', async () => {
    const schema = { type: 'object', properties: { a: { minLength: 3 } }, required: ['a'] };
    const more = asking({ schema, strict: false });
    expect((await run({ ...SCHEMAS, more }, says('{"a":"xy"}'))).fault?.code).toBe(
      'structured_output_failed',
    );
  });
});

describe('a tool that must be called', () => {
  const more = {
    tools: [{ type: 'function', function: { name: 'save', parameters: SCHEMA } }],
    tool_choice: { type: 'function', function: { name: 'save' } },
  };

  test('gets arguments that fit, untouched or mended', async () => {
    const good = await run({ more }, calls('save', GOOD));
    expect([headerOf(good), good.text.includes('structured_output')]).toEqual([
      'native; attempts=1',
      false,
    ]);
    const broken = await run({ more }, calls('save', GOOD.replace('}', ',}')));
    expect(broken.text).toContain(JSON.stringify(GOOD));
    expect(headerOf(broken)).toBe('native; attempts=1; repaired');
  });

  test('or none at all', async () => {
    const wishes = { attempts: 2 };
    const { fault, asked } = await run({ more, wishes }, calls('save', WRONG), says('Done.'));
    expect(fault?.detail.more?.errors).toEqual([{ pointer: '', message: 'is no call of save' }]);
    expect(asked[1]?.messages.at(-1)?.content).toContain('Call save again');
  });
});
