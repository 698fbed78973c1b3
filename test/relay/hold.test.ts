/** Money first: who may call, what is held, and that it is written before anybody is asked. */
import { describe, expect, test } from 'bun:test';
import { priceAtMost, readPrice } from '../../src/ledger/price.ts';
import type { BudgetRefusal, HoldVerdict } from '../../src/storage/ports.ts';
import { makeRig, PRICE, runCall } from './rig.ts';
import { GOOD_STREAM, refuse, stream, whole } from './sim-vendors.ts';

const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
const INPUT_BOUND = BODY.length;
const most = (inputTokens: number, outputTokens: number): bigint =>
  priceAtMost(PRICE, { inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0 });

describe('the order of things', () => {
  test.each([false, true])(
    'the hold is written before the vendor is asked (stream %p)',
    async (on) => {
      const rig = await makeRig({}, { a: [on ? stream(GOOD_STREAM) : whole()] });
      await runCall(rig, { stream: on });
      expect(rig.events).toEqual(['hold', 'held', 'ask a', 'settle']);
      expect(rig.ended).toEqual(['complete']);
      const [hold] = rig.ledger.holds;
      expect(hold?.id).toBe(rig.ledger.row.id);
      expect(hold).toMatchObject({
        model: 'm',
        requestId: 'req_1',
        stream: on,
        priceId: 'price_1',
      });
    },
  );

  test('one hold for all tries', async () => {
    const rig = await makeRig({}, { a: [refuse(500, 'x')], b: [whole()] });
    await runCall(rig);
    expect(rig.events.filter((one) => one === 'hold')).toEqual(['hold']);
  });
});

describe('how much is held', () => {
  const held = async (more: Record<string, unknown>, price = PRICE): Promise<bigint> => {
    const rig = await makeRig({ price }, { a: [whole()] });
    await runCall(rig, more);
    return rig.ledger.holds[0]?.amount ?? -1n;
  };

  test('the most that the call can cost', async () => {
    const input = BODY.length + ',"max_tokens":7'.length;
    expect(await held({})).toBe(most(INPUT_BOUND, 100));
    expect(await held({ max_tokens: 7 })).toBe(most(input, 7));
    expect(await held({ max_tokens: 7_777 })).toBeGreaterThan(most(INPUT_BOUND, 99));
    expect(await held({ n: 3 })).toBeGreaterThan(most(INPUT_BOUND, 299));
    expect(await held({ n: 3, max_tokens: 5 })).toBeGreaterThan(most(INPUT_BOUND, 15));
  });

  test('never less than what is charged then', async () => {
    const dear = readPrice([{ input: '100', output: '900', cachedInput: '200' }], 'CNY', '7.1');
    const rig = await makeRig({ price: dear }, { a: [whole()] });
    await runCall(rig, { messages: [{ role: 'user', content: 'x'.repeat(400) }] });
    const { charge } = rig.ledger.row;
    expect(rig.ledger.holds[0]?.amount ?? 0n).toBeGreaterThan(charge);
  });
});

describe('who is not served', () => {
  const budget: BudgetRefusal = {
    refused: 'budget_exceeded',
    scope: 'key',
    period: 'day',
    unit: 'tokens',
    limit: 5_000n,
    left: 12n,
    asked: 700n,
    resetsMs: Date.UTC(2026, 10, 27),
  };

  test('the refusal names the budget, its limit, what is left and its reset', async () => {
    const rig = await makeRig({}, { a: [whole()] });
    rig.ledger.verdict = budget;
    const { fault } = await runCall(rig);
    expect(fault?.message).toBe(
      'The API key has a budget of 5000 tokens for this day, of which 12 tokens is left; this ' +
        'call may use 700 tokens. It starts anew at 2026-11-27T00:00:00.000Z.',
    );
  });

  const refusals: [string, HoldVerdict][] = [
    ['insufficient_balance', 'insufficient_balance'],
    ['budget_exceeded', budget],
  ];
  test.each(refusals)('%s: 402', async (code, verdict) => {
    const rig = await makeRig(
      { key: { concurrency: 1, tokensPerMinute: 1_000 } },
      { a: [whole()] },
    );
    rig.ledger.verdict = verdict;
    for (let times = 0; times < 3; times += 1) {
      const { fault } = await runCall(rig);
      expect(fault).toMatchObject({ code, status: 402, retry: false });
    }
    expect(rig.events.includes('ask a')).toBeFalse();
    expect(rig.ledger.rows).toEqual([]);
    expect(rig.deps.live.size).toBe(0);
    rig.ledger.verdict = 'held';
    expect((await runCall(rig)).fault).toBeNull();
  });

  test('no model of that name, or none for this key: before anything is written', async () => {
    const rig = await makeRig({ key: { models: ['other'] } }, { a: [whole()] });
    const no = await runCall(rig, { model: 'nope' });
    expect(no.fault).toMatchObject({ code: 'model_not_found', status: 404 });
    const forbidden = await runCall(rig);
    expect(forbidden.fault).toMatchObject({ code: 'model_not_allowed', status: 403 });
    expect(rig.events).toEqual([]);
  });

  test('a model without a price, but to accounts without a limit', async () => {
    const limited = await makeRig({ price: null }, { a: [whole()] });
    expect((await runCall(limited)).fault).toMatchObject({ code: 'no_price', status: 400 });
    expect(limited.events).toEqual([]);
    const free = await makeRig({ price: null, unlimited: true }, { a: [whole()] });
    expect((await runCall(free)).fault).toBeNull();
    expect(free.ledger.row).toMatchObject({ state: 'charged', charge: 0n, usageSource: 'vendor' });
    expect(free.events[0]).toBe('hold');
  });

  test('who is over its limits: nothing is written', async () => {
    const rig = await makeRig({ key: { requestsPerMinute: 1 } }, { a: [whole()] });
    await runCall(rig);
    const { fault } = await runCall(rig);
    expect(fault).toMatchObject({ code: 'rate_limit_exceeded', status: 429 });
    expect(rig.events.filter((one) => one === 'hold').length).toBe(1);
  });

  test('the place of a call is free again however it ended', async () => {
    const rig = await makeRig({ key: { concurrency: 1 } }, { a: [refuse(400, 'x'), whole()] });
    expect((await runCall(rig)).fault?.code).toBe('vendor_rejected');
    expect((await runCall(rig)).fault).toBeNull();
    expect((await runCall(rig)).fault).toBeNull();
  });
});

describe('a database that fails', () => {
  test('on the hold: 503 at once, the vendor is not asked', async () => {
    const rig = await makeRig({}, { a: [whole()] });
    rig.ledger.failHolds = 1;
    rig.ledger.failSettles = 99;
    const startMs = rig.clock.tickMs();
    const work = rig.call().catch((thrown: unknown) => thrown);
    const fault = await rig.clock.until(work);
    expect(fault).toMatchObject({ code: 'storage_unavailable', status: 503, retry: true });
    expect(rig.clock.tickMs() - startMs).toBeLessThan(50);
    expect(rig.events).not.toContain('ask a');
    await rig.clock.advance(60_000);
    expect(rig.deps.live.size).toBe(0);
  });

  test('on the settlement: asked again, each time after twice as long', async () => {
    const rig = await makeRig({}, { a: [whole()] });
    rig.ledger.failSettles = 3;
    expect((await runCall(rig)).fault).toBeNull();
    expect(rig.ledger.rows).toEqual([]);
    await rig.clock.advance(250 + 500 + 1_000 + 10);
    expect(rig.events.slice(3)).toEqual([...Array(3).fill('settle failed'), 'settle']);
    expect(rig.ledger.row).toMatchObject({ charge: 120_000n });
  });
});

describe('what is charged', () => {
  const answer = (usage: unknown) => {
    const message = { role: 'assistant', content: '12345678' };
    const body = JSON.stringify({ choices: [{ message }], usage });
    return { acts: [{ bytes: body }] };
  };
  const charge = async (usage: unknown) => {
    const rig = await makeRig({}, { a: [answer(usage)] });
    await runCall(rig);
    const { row } = rig.ledger;
    return { charge: row.charge, source: row.usageSource };
  };

  test('the vendor’s count, cached tokens at their own price', async () => {
    const details = { cached_tokens: 60 };
    const usage = { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: details };
    expect(await charge(usage)).toEqual({ charge: 40_000n + 30_000n + 20_000n, source: 'vendor' });
  });

  test('no count, or one that is none: by estimate', async () => {
    const guess = BigInt(Math.ceil(BODY.length / 4)) * 1_000n + 4_000n;
    for (const usage of [undefined, null, {}, { prompt_tokens: -1, completion_tokens: 5 }]) {
      expect(await charge(usage)).toEqual({ charge: guess, source: 'estimate' });
    }
  });
});
