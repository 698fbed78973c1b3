/** A call that becomes several requests: one hold, one settlement, nothing sent twice. */
import { describe, expect, test } from 'bun:test';
import { readRequest } from '../../src/dialects/embeddings/ask.ts';
import { priceAtMost } from '../../src/ledger/price.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import { makeRig, PRICE, runCall, type Wish } from './rig.ts';
import { refuse, type Script } from './sim-vendors.ts';

const INPUTS = ['a', 'b', 'c', 'd', 'e'];
const TEXT = JSON.stringify({ model: 'm', input: INPUTS });
const EMBED: Wish = {
  model: { kind: 'embedding', outputTokensMax: 0 },
  ask: {
    family: 'embeddings',
    dialect: 'openai-embeddings',
    request: readRequest(TEXT, TEXT.length),
  },
};

const vendorOf = (inputsMax: number) => ({
  vendor: {
    ...compatible,
    services: {
      embeddings: [
        {
          path: '/embeddings',
          dialect: 'openai-embeddings',
          inputsMax,
          meter: { input: '/usage/prompt_tokens' },
        },
      ],
    },
  },
});

/** An answer of `count` vectors that begin at `from`; ten tokens each. */
function vectors(from: number, count: number, more: Partial<Script> = {}): Script {
  const data = Array.from({ length: count }, (_, index) => ({ index, embedding: [from + index] }));
  const tokens = 10 * count;
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return {
    acts: [{ bytes: JSON.stringify({ object: 'list', data, model: 'w', usage }) }],
    ...more,
  };
}

const inputsSent = (rig: Awaited<ReturnType<typeof makeRig>>) =>
  rig.vendors.asked.map(({ body }) => (JSON.parse(String(body)) as { input: string[] }).input);

const embedded = (text: string) =>
  (JSON.parse(text) as { data: { embedding: number[] }[] }).data.map((one) => one.embedding[0]);

describe('a call in parts', () => {
  test('is held once, sent in order, joined and settled once by the sum', async () => {
    const wish = { ...EMBED, upstreams: [vendorOf(2)] };
    const rig = await makeRig(wish, { a: [vectors(0, 2), vectors(2, 2), vectors(4, 1)] });
    const { text, fault } = await runCall(rig);
    expect(fault).toBeNull();
    expect(inputsSent(rig)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(embedded(text)).toEqual([0, 1, 2, 3, 4]);
    expect(rig.events).toEqual(['hold', 'held', 'ask a', 'ask a', 'ask a', 'settle']);
    expect(rig.ledger.row.quantities).toMatchObject({ inputTokens: 50, outputTokens: 0 });
    const bound = { inputTokens: TEXT.length, outputTokens: 0 };
    expect(rig.ledger.holds[0]).toMatchObject({
      service: 'embeddings',
      amount: priceAtMost(PRICE, { ...bound, cachedInputTokens: 0, reasoningTokens: 0 }),
    });
  });

  test('sends only what was not answered when it must try again', async () => {
    const slow = { afterMs: 50 };
    const wish = { ...EMBED, upstreams: [vendorOf(2)] };
    const rig = await makeRig(wish, {
      a: [vectors(0, 2), refuse(500, 'x'), vectors(4, 1, slow), vectors(2, 2), vectors(4, 1)],
    });
    const { text, fault } = await runCall(rig);
    expect(fault).toBeNull();
    expect(embedded(text)).toEqual([0, 1, 2, 3, 4]);
    const sent = inputsSent(rig);
    expect(sent.filter((inputs) => inputs[0] === 'a')).toHaveLength(1);
    expect(sent.filter((inputs) => inputs[0] === 'c')).toHaveLength(2);
    expect(rig.ledger.row.quantities?.inputTokens).toBe(50);
  });

  test('gives each part the time of a plain answer, though others came at once', async () => {
    const wish = { ...EMBED, upstreams: [vendorOf(2)] };
    const late = { afterMs: 20_000 };
    const rig = await makeRig(wish, { a: [vectors(0, 2, late), vectors(2, 2), vectors(4, 1)] });
    const { text, fault } = await runCall(rig);
    expect(fault).toBeNull();
    expect(embedded(text)).toEqual([0, 1, 2, 3, 4]);
    expect(rig.vendors.asked).toHaveLength(3);
  });

  test('that fails in one part fails, and costs nothing', async () => {
    const wish = { ...EMBED, upstreams: [vendorOf(2)] };
    const rig = await makeRig(wish, { a: [vectors(0, 2), refuse(400, 'bad'), vectors(4, 1)] });
    const { fault } = await runCall(rig);
    expect(fault?.code).toBe('vendor_rejected');
    expect(rig.ledger.row).toMatchObject({ state: 'released', charge: 0n });
  });

  test('is one request where the vendor takes all at once', async () => {
    const wish = { ...EMBED, upstreams: [vendorOf(5)] };
    const rig = await makeRig(wish, { a: [vectors(0, 5)] });
    await runCall(rig);
    expect(inputsSent(rig)).toEqual([INPUTS]);
  });
});
