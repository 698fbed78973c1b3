/** A stream that breaks off and is finished by another upstream, and when it is not. */
import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/kit/json.ts';
import { priceCall } from '../../src/ledger/price.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import { makeRig, PRICE, type Rig, runCall, type Wish } from './rig.ts';
import { COUNTED, DONE, type Script, STOP, stream } from './sim-vendors.ts';

const say = (delta: object): string =>
  `data: ${JSON.stringify({ id: 'x', model: 'w', choices: [{ index: 0, delta }] })}\n\n`;
const text = (content: string): string => say({ content });
const ON: Wish = { key: { rescue: true } };
const BROKEN = stream([text('The quick '), text('brown ')]);

interface Shown {
  readonly said: string;
  readonly thought: string;
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  readonly done: boolean;
  readonly seams: number;
  readonly fault: string | null;
}

interface Chunk {
  readonly choices?: { delta?: { content?: string; reasoning_content?: string } }[];
  readonly usage?: Shown['usage'];
  readonly code?: string;
}

function read(all: string): Shown {
  const data = [...all.matchAll(/^data: (.*)$/gm)].map(([, one]) => one ?? '');
  const chunks = data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one) as Chunk);
  const join = (pick: (delta: { content?: string; reasoning_content?: string }) => string) =>
    chunks.map((chunk) => pick(chunk.choices?.[0]?.delta ?? {})).join('');
  return {
    said: join((delta) => delta.content ?? ''),
    thought: join((delta) => delta.reasoning_content ?? ''),
    usage: chunks.find((chunk) => chunk.usage != null)?.usage ?? null,
    done: data.at(-1) === '[DONE]',
    seams: all.match(/^: the upstream broke off/gm)?.length ?? 0,
    fault: chunks.find((chunk) => chunk.code !== undefined)?.code ?? null,
  };
}

async function run(wish: Wish, scripts: Record<string, Script[]>, more: object = {}) {
  const rig: Rig = await makeRig(wish, scripts);
  const asked = { stream: true, stream_options: { include_usage: true }, ...more };
  const { text: all } = await runCall(rig, asked);
  return { rig, shown: read(all) };
}

const REST = [text('fox '), text('jumps.'), STOP, COUNTED, DONE];

describe('a stream that breaks off', () => {
  test('is finished by the next upstream, with the seam marked, and both are paid', async () => {
    const { rig, shown } = await run(ON, { a: [BROKEN], b: [stream(REST)] });
    expect(shown).toMatchObject({
      said: 'The quick brown fox jumps.',
      done: true,
      seams: 1,
      fault: null,
    });
    expect(rig.events).toEqual(['hold', 'held', 'ask a', 'ask b', 'settle']);
    const asked = JSON.parse(String(rig.vendors.asked[1]?.body)) as {
      messages: { role: string; content: string }[];
    };
    expect(asked.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(asked.messages[1]?.content).toBe('The quick brown ');
    // The first counted nothing: its prompt and its sixteen letters are an estimate.
    const { row, holds } = rig.ledger;
    const guess = row.quantities?.inputTokens ?? 0;
    expect(row).toMatchObject({ endReason: 'complete', usageSource: 'estimate', upstream: 'b' });
    expect(row.quantities).toMatchObject({ outputTokens: 14 });
    expect(guess).toBeGreaterThan(100);
    const [first, second] = [
      { inputTokens: guess - 100, outputTokens: 4 },
      { inputTokens: 100, outputTokens: 10 },
    ].map((part) => priceCall(PRICE, { ...part, cachedInputTokens: 0, reasoningTokens: 0 }));
    expect(row.charge).toBe((first ?? 0n) + (second ?? 0n));
    expect(holds[0]?.amount ?? 0n).toBeGreaterThan(row.charge);
    expect(shown.usage).toMatchObject({ prompt_tokens: guess, completion_tokens: 14 });
  });

  test('goes on from the assistant’s own words where the vendor can', async () => {
    const chat = compatible.services.chat.map((one) => ({ ...one, continues: true as const }));
    const able = { ...compatible, services: { chat } };
    const upstreams: Wish['upstreams'] = [{}, { vendor: able }];
    const { rig, shown } = await run({ ...ON, upstreams }, { a: [BROKEN], b: [stream(REST)] });
    expect(shown.said).toBe('The quick brown fox jumps.');
    const { messages } = JSON.parse(String(rig.vendors.asked[1]?.body)) as { messages: Json[] };
    expect(messages.at(-1)).toEqual({ role: 'assistant', content: 'The quick brown ' });
  });

  test.each([
    ['word for word', [text('The quick '), text('brown fox '), text('jumps.')]],
    ['in odd pieces', [text('The quick brown f'), text('ox jumps.')]],
  ])('a vendor that says it all again %s is not shown twice', async (_, again) => {
    const { shown } = await run(ON, { a: [BROKEN], b: [stream([...again, STOP, DONE])] });
    expect(shown).toMatchObject({ said: 'The quick brown fox jumps.', done: true });
  });

  test('and goes on with what only begins like it loses nothing', async () => {
    const rest = [text('The q'), text('ueen.'), STOP, DONE];
    const { shown } = await run(ON, { a: [BROKEN], b: [stream(rest)] });
    expect(shown.said).toBe('The quick brown The queen.');
    const short = [text('The'), STOP, DONE];
    const ended = await run(ON, { a: [BROKEN], b: [stream(short)] });
    expect(ended.shown.said).toBe('The quick brown The');
  });

  test('in its thoughts is thought and answered anew', async () => {
    const thinking = stream([say({ reasoning_content: 'Hm, ' })]);
    const rest = stream([say({ reasoning_content: 'well.' }), ...REST]);
    const { shown } = await run(ON, { a: [thinking], b: [rest] });
    expect(shown).toMatchObject({ said: 'fox jumps.', thought: 'Hm, well.', done: true });
  });

  test('that nobody finishes ends as it broke off, and is paid once', async () => {
    const { rig, shown } = await run(ON, { a: [BROKEN], b: [{ status: 500 }] });
    expect(shown).toMatchObject({ said: 'The quick brown ', done: false, fault: 'vendor_cut' });
    expect(rig.ledger.row).toMatchObject({ upstream: 'a', endReason: 'vendor_cut' });
    expect(rig.ledger.row.quantities?.outputTokens).toBe(4);
  });

  test('twice is gone on with once, unless the settings say more', async () => {
    const half = stream([text('fox ')]);
    const scripts = { a: [BROKEN], b: [half], c: [stream([text('jumps.'), STOP, DONE])] };
    const once = await run(ON, scripts);
    expect(once.shown).toMatchObject({ said: 'The quick brown fox ', fault: 'vendor_cut' });
    const rescue = { enabled: true, models: null, timesMax: 2 };
    const twice = await run({ settings: { rescue } }, scripts);
    expect(twice.shown).toMatchObject({ said: 'The quick brown fox jumps.', seams: 2, done: true });
  });
});

describe('is left as it is', () => {
  const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{' } };
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  const rescue = { enabled: true, models: new Set(['other']), timesMax: 1 };
  const json = { response_format: { type: 'json_object' } };

  test.each([
    ['where nobody asked for more', {}, BROKEN, {}],
    ['where the key wants none', { key: { rescue: false } }, BROKEN, {}],
    ['where the model is not one of those', { settings: { rescue } }, BROKEN, {}],
    ['in the middle of a call of a tool', ON, stream([say({ tool_calls: [call] })]), { tools }],
    ['in the middle of a JSON', ON, stream([text('{"a":')]), json],
  ] as [string, Wish, Script, object][])('%s', async (...row) => {
    const [, wish, broken, more] = row;
    const { rig, shown } = await run(wish, { a: [broken], b: [stream(REST)] }, more);
    expect(shown).toMatchObject({ done: false, seams: 0, fault: 'vendor_cut' });
    expect(rig.vendors.asked).toHaveLength(1);
  });
});
