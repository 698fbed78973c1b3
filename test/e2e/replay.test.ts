/** One stream, however its bytes arrive, is one and the same answer. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { settledCalls } from './books.ts';
import { readAll, sendChat, tell } from './chat.ts';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';
import { CUTS, type Replay, startReplay } from './replay.ts';

const event = (body: object): string => `data: ${JSON.stringify(body)}\n\n`;
const said = (content: string, more: object = {}): string =>
  event({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more });
const STOP = { id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
const USAGE = { prompt_tokens: 11, completion_tokens: 22, total_tokens: 33 };
const DONE = 'data: [DONE]\n\n';
const WORDS = [
  '你好，',
  'Größe ',
  '🌍🚀',
  ' “"quoted\\" text”',
  ' data: {"usage":{"x":1}}',
  ' [DONE]',
];
const TALK = WORDS.map((word) => said(word)).join('');

/** Estimates count escapes as they stand in the one case and as they read in the other. */
const ESTIMATE_SPREAD = 2;

/** What a vendor may send, and what of it the caller sees who did not ask for usage. */
const STREAMS: Readonly<Record<string, { readonly sent: string; readonly seen: string }>> = {
  plain: { sent: TALK + event(STOP) + DONE, seen: TALK + event(STOP) + DONE },
  usage: {
    sent: TALK + event(STOP) + event({ id: 'c', choices: [], usage: USAGE }) + DONE,
    seen: TALK + event(STOP) + DONE,
  },
  'usage-in-last': {
    sent: TALK + event({ ...STOP, usage: USAGE }) + DONE,
    seen: TALK + event(STOP) + DONE,
  },
  comments: {
    sent: `: hello\n\n${said('a')}: still here\n\n${TALK}${event(STOP)}${DONE}`,
    seen: `: hello\n\n${said('a')}: still here\n\n${TALK}${event(STOP)}${DONE}`,
  },
  'filter-first': {
    sent: event({ choices: [], prompt_filter_results: [] }) + TALK + event(STOP) + DONE,
    seen: event({ choices: [], prompt_filter_results: [] }) + TALK + event(STOP) + DONE,
  },
  crlf: {
    sent: (TALK + event(STOP) + DONE).replaceAll('\n', '\r\n'),
    seen: (TALK + event(STOP) + DONE).replaceAll('\n', '\r\n'),
  },
  'no-done': { sent: TALK + event(STOP), seen: TALK + event(STOP) },
};

/** Streams that break: how, and after which text. */
const BROKEN: Readonly<Record<string, { readonly sent: string; readonly fault: string }>> = {
  'cut-clean': { sent: TALK, fault: 'vendor_cut' },
  'cut-in-event': { sent: TALK + said('lost').slice(0, 30), fault: 'vendor_cut' },
  error: {
    sent: `${TALK}${event({ error: { message: 'no', type: 'server_error' } })}${DONE}`,
    fault: 'vendor_error',
  },
  malformed: { sent: `${TALK}data: {"choices":[{\n\n${TALK}${DONE}`, fault: 'vendor_malformed' },
};

let replay: Replay;
let gateway: Gateway;

beforeAll(async () => {
  const all = Object.entries({ ...STREAMS, ...BROKEN });
  replay = await startReplay(Object.fromEntries(all.map(([name, { sent }]) => [name, sent])));
  const models = all.flatMap(([name]) => CUTS.map((cut) => ({ id: `${name}-${cut}` })));
  const rest = 'limits: { requests_per_minute: 0 }\nretry: { count: 0 }\n';
  const yaml = vendorsYaml([{ name: 'replay', url: replay.url, models }], rest);
  gateway = await startGateway({ yaml });
});
afterAll(async () => {
  await cleanUp();
  replay.stop();
});

async function hear(model: string): Promise<{ text: string; broken: boolean }> {
  return readAll(await sendChat({ ...gateway, model, stream: true }));
}

const cases = (names: readonly string[]) =>
  names.flatMap((name) => CUTS.map((cut) => ({ name, cut })));

describe('a whole stream is the same bytes', () => {
  test.each(cases(Object.keys(STREAMS)))('$name, cut: $cut', async ({ name, cut }) => {
    expect(await hear(`${name}-${cut}`)).toEqual({
      text: STREAMS[name]?.seen ?? '',
      broken: false,
    });
  });
});

describe('a broken stream is all that was good, then an error', () => {
  test.each(cases(Object.keys(BROKEN)))('$name, cut: $cut', async ({ name, cut }) => {
    const { text, broken } = await hear(`${name}-${cut}`);
    expect(broken).toBe(false);
    const told = tell(text);
    expect(told).toMatchObject({ done: false, fault: BROKEN[name]?.fault, afterFault: 0 });
    expect(told.text).toBe(WORDS.join(''));
  });
});

describe('the ledger', () => {
  test('says the same of one stream, however it came', async () => {
    const facts = new Map<string, Set<string>>();
    const outputs = new Map<string, number[]>();
    for (const call of await settledCalls(gateway)) {
      const name = call.model.slice(0, call.model.lastIndexOf('-'));
      const { endReason, usageSource, fault } = call;
      const fact = [endReason, fault, usageSource].join(' ');
      facts.set(name, (facts.get(name) ?? new Set()).add(fact));
      outputs.set(name, [...(outputs.get(name) ?? []), call.outputTokens]);
    }
    expect(facts.size).toBe(Object.keys(STREAMS).length + Object.keys(BROKEN).length);
    expect([...facts].filter(([, each]) => each.size !== 1)).toEqual([]);
    expect([...(facts.get('usage') ?? [])]).toEqual(['complete  vendor']);
    expect([...(facts.get('usage-in-last') ?? [])]).toEqual(['complete  vendor']);
    for (const [name, each] of outputs) {
      const spread = Math.max(...each) - Math.min(...each);
      expect([name, spread <= ESTIMATE_SPREAD]).toEqual([name, true]);
    }
  });
});
