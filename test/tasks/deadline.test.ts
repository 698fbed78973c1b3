/** Tasks that are not over by their time, and who pays for them. */
import { afterEach, describe, expect, test } from 'bun:test';
import { accountOf, auditGood } from '../suites/storage-rig.ts';
import { BALANCE, GRAM, makeRig, type Rig } from './rig.ts';

let rig: Rig;
afterEach(async () => {
  await auditGood(rig.store);
  await rig.stop();
});

const isEnded = async (id: string) => (await rig.task(id)).row.endedMs !== null;
const money = () => accountOf(rig.store, rig.purse);

async function expired(id: string) {
  await rig.until(() => isEnded(id));
  const { row, doc } = await rig.task(id);
  return { state: row.state, code: doc.error?.code, charged: doc.charged };
}

describe('a deadline', () => {
  test('ends what waits in a queue there: stopped, free, and at its second', async () => {
    rig = await makeRig();
    const { row } = await rig.create({ expiresInS: 45 });
    expect(await expired(row.id)).toEqual({ state: 'failed', code: 'timeout', charged: false });
    expect(rig.kitchen.orders[0]?.how).toBe('sent back');
    expect(await money()).toEqual({ balance: BALANCE, held: 0n });
    const { doc } = await rig.task(row.id);
    expect(doc.deadlineMs).toBe(row.createdMs + 45_000);
    // Not at the next question, which this vendor is asked only every twenty seconds by then.
    const stopped = rig.kitchen.asked.find(({ method }) => method === 'DELETE');
    expect((stopped?.atMs ?? 0) - (doc.deadlineMs ?? 0)).toBeWithin(0, 1_000);
  });

  test('of what the vendor will not stop is paid for by what was asked', async () => {
    rig = await makeRig();
    rig.kitchen.grams = null;
    const { row } = await rig.create({ expiresInS: 60 });
    rig.kitchen.all('simmering');
    await rig.until(async () => (await rig.task(row.id)).row.state === 'running');
    expect(await expired(row.id)).toEqual({ state: 'failed', code: 'timeout', charged: true });
    expect(rig.kitchen.orders[0]?.how).toBe('simmering');
    expect(await money()).toEqual({ balance: BALANCE - 500n * GRAM, held: 0n });
  });

  test('is refunded all the same where the operator says so', async () => {
    rig = await makeRig({ timeoutRefund: 'always' });
    const { row } = await rig.create({ expiresInS: 60 });
    rig.kitchen.all('simmering');
    await rig.until(async () => (await rig.task(row.id)).row.state === 'running');
    expect(await expired(row.id)).toEqual({ state: 'failed', code: 'timeout', charged: false });
    expect(await money()).toEqual({ balance: BALANCE, held: 0n });
  });

  test('that finds the job done brings its result: it is paid for there', async () => {
    rig = await makeRig();
    const { row } = await rig.create({ expiresInS: 60 });
    await rig.ends(rig.engine.stop());
    rig.kitchen.all('served');
    await rig.clock.advance(120_000);
    const { startEngine } = await import('../../src/tasks/engine.ts');
    rig.engine = startEngine(rig.deps);
    await rig.until(() => isEnded(row.id));
    expect((await rig.task(row.id)).row.state).toBe('succeeded');
    expect(await money()).toEqual({ balance: BALANCE - 100n * GRAM, held: 0n });
  });

  test('ends what no vendor has yet, and nothing is sent any more', async () => {
    rig = await makeRig();
    rig.kitchen.mood = 'dead';
    const making = rig.create({ expiresInS: 10 });
    const { row } = await making;
    expect(await expired(row.id)).toEqual({ state: 'failed', code: 'timeout', charged: false });
    rig.kitchen.mood = 'well';
    await rig.clock.advance(120_000);
    expect(rig.kitchen.orders).toHaveLength(0);
    expect(await money()).toEqual({ balance: BALANCE, held: 0n });
  });

  test('ends what nobody knows of: not charged, for nobody proved that it began', async () => {
    rig = await makeRig();
    rig.kitchen.notes = false;
    rig.kitchen.mood = 'silent';
    const made = await Promise.all([
      rig.create({ expiresInS: 600 }),
      rig.create({ prompt: 'cold', expiresInS: 600 }),
    ]);
    rig.kitchen.mood = 'well';
    await rig.clock.advance(300_000);
    expect((await money()).held).toBe(1_000n * GRAM);
    for (const { row } of made) {
      expect(await expired(row.id)).toEqual({ state: 'failed', code: 'timeout', charged: false });
    }
    expect(await money()).toEqual({ balance: BALANCE, held: 0n });
    expect(rig.kitchen.orders).toHaveLength(2);
  });

  test('of the settings counts where a task says nothing; its own goes before', async () => {
    rig = await makeRig({ deadlineMs: 30_000 });
    const plain = await rig.create();
    const own = await rig.create({ prompt: 'cold', expiresInS: 300 });
    expect(await expired(plain.row.id)).toMatchObject({ code: 'timeout' });
    expect(await isEnded(own.row.id)).toBe(false);
    rig.kitchen.all('served');
    await rig.until(() => isEnded(own.row.id));
    expect((await rig.task(own.row.id)).row.state).toBe('succeeded');
  });
});
