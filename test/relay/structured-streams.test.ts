/** JSON that fits, streamed: as it comes and judged at its end, or held back until it is good. */
import { describe, expect, test } from 'bun:test';
import { COUNTED, DONE, type Script, STOP, stream } from './sim-vendors.ts';
import {
  asking,
  costOf,
  GOOD,
  headerOf,
  run,
  SCHEMA,
  SCHEMAS,
  says,
  WORDS,
  WRONG,
} from './structured-rig.ts';

const piece = (content: string): string =>
  `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content } }] })}\n\n`;
const streamed = (...pieces: string[]): Script =>
  stream([...pieces.map(piece), STOP, COUNTED, DONE]);

describe('a stream', () => {
  const streaming = { ...asking(), stream: true };

  test('flows untouched where the vendor guarantees it; the last event says valid', async () => {
    const ran = await run({ ...SCHEMAS, more: streaming }, streamed('{"name":"Li",', '"age":3}'));
    expect(headerOf(ran)).toBe('native; attempts=1; stream=pass');
    expect(ran.text).toBe(
      `${piece('{"name":"Li",')}${piece('"age":3}')}${STOP}${DONE}` +
        ': x-gangway-structured: native; attempts=1; valid\n\n',
    );
  });

  test('is the same however it is cut', async () => {
    const events = [piece('{"name":"Li",'), piece('"age":3}'), STOP, COUNTED, DONE];
    const told = [];
    for (const cuts of [events, [events.join('')], [...events.join('')]]) {
      told.push((await run({ ...SCHEMAS, more: streaming }, stream(cuts, 1))).text);
    }
    expect(new Set(told).size).toBe(1);
    const bad = stream([[piece('{"name":'), STOP, COUNTED, DONE].join('')]);
    const ran = await run({ ...SCHEMAS, more: streaming }, bad);
    expect(ran.text.includes('"finish_reason":"stop"')).toBe(false);
    expect(ran.text).toContain('structured_output_failed');
  });

  test('that turns out not to fit ends in an error event, counted by the vendor', async () => {
    const ran = await run({ ...SCHEMAS, more: streaming }, streamed('{"name":"Li",', '"age":-3}'));
    expect(ran.text.includes('[DONE]') || ran.text.includes('"finish_reason"')).toBe(false);
    expect(ran.text).toContain('"code":"structured_output_failed"');
    const { row } = ran.rig.ledger;
    expect(row).toMatchObject({ usageSource: 'vendor', charge: costOf(1) });
    expect(row.endReason).toBe('vendor_fault');
  });

  test('that flows is held for once only: nobody can be asked again', async () => {
    const wishes = { stream: 'pass', attempts: 3 } as const;
    const flows = await run({ ...WORDS, more: streaming, wishes }, streamed(GOOD));
    const whole = await run({ ...WORDS, wishes: { attempts: 1 } }, says(GOOD));
    const [most, least] = [flows, whole].map(({ rig }) => Number(rig.ledger.holds[0]?.amount));
    expect(most).toBeLessThan(1.2 * (least ?? 0));
  });

  test('that is cut by its length, or refuses, is no fault', async () => {
    const cut = STOP.replace('"stop"', '"length"');
    const script = stream([piece('{"name":'), cut, COUNTED, DONE]);
    const ran = await run({ ...SCHEMAS, more: streaming }, script);
    expect(ran.text).toContain('"length"');
    expect(ran.text).toEndWith('; passed\n\n');
  });

  test('is held back until it is good elsewhere, healed where it can be', async () => {
    const ran = await run({ ...WORDS, more: streaming }, says(WRONG), says(`So: ${GOOD}`));
    expect(ran.asked.map((asked) => asked.stream ?? false)).toEqual([false, false]);
    expect(headerOf(ran)).toBe('prompt; attempts=2; repaired; stream=buffer');
    const chunks = [...ran.text.matchAll(/^data: (\{.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? '') as { choices: { delta: { content?: string } }[] },
    );
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(GOOD);
    expect(ran.text).toEndWith(DONE);
  });

  test('that never heals is a fault with its status, for nothing was sent', async () => {
    const { fault } = await run({ ...WORDS, more: streaming }, says(WRONG));
    expect(fault?.code).toBe('structured_output_failed');
  });

  test('flows from any model at the caller’s wish, judged at its end', async () => {
    const wishes = { stream: 'pass' } as const;
    const good = await run({ ...WORDS, more: streaming, wishes }, streamed(GOOD));
    expect(headerOf(good)).toBe('prompt; attempts=1; stream=pass');
    expect(good.text).toContain(`${DONE}: x-gangway-structured: prompt; attempts=1; valid`);
    const bad = await run({ ...WORDS, more: streaming, wishes }, streamed('```', GOOD, '```'));
    expect(bad.text).toContain('structured_output_failed');
  });

  test('is whole at the caller’s wish from a model that guarantees it', async () => {
    const wishes = { stream: 'buffer' } as const;
    const ran = await run({ ...SCHEMAS, more: streaming, wishes }, says(GOOD));
    expect(headerOf(ran)).toBe('native; attempts=1; stream=buffer');
    expect(ran.text).toContain(JSON.stringify(GOOD).slice(1, -1));
  });

  test('of a call flows, and its arguments are judged', async () => {
    const call = (args: string): Script => {
      const tool_calls = [{ index: 0, id: 'c', function: { name: 'save', arguments: args } }];
      const delta = { choices: [{ index: 0, delta: { tool_calls } }] };
      const end = STOP.replace('"stop"', '"tool_calls"');
      return stream([`data: ${JSON.stringify(delta)}\n\n`, end, COUNTED, DONE]);
    };
    const more = {
      stream: true,
      tools: [{ type: 'function', function: { name: 'save', parameters: SCHEMA } }],
      tool_choice: { type: 'function', function: { name: 'save' } },
    };
    expect((await run({ more }, call(GOOD))).text).toContain('; valid');
    expect((await run({ more }, call(WRONG))).text).toContain('structured_output_failed');
  });
});
