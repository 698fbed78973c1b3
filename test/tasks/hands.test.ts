/** What operators do by hand, beside an engine that runs: never two that write. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { makeHands } from '../../src/tasks/hands.ts';
import { LeaseLost, save } from '../../src/tasks/hold-on.ts';
import { accountOf, auditGood } from '../suites/storage-rig.ts';
import { BALANCE, GRAM, makeRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});
afterEach(async () => {
  await auditGood(rig.store);
  await rig.stop();
});

const hands = () => makeHands({ ...rig.deps, acts: rig.store.acts, operator: 'me@here' });
const actsOf = (subject: string) => rig.store.acts.list({ subject, limit: 20 });
const detailOf = async (id: string) => (await rig.task(id)).doc.detail;
const isEnded = async (id: string) => (await rig.task(id)).row.endedMs !== null;

/** Two that the vendor took, and nobody can tell which of its orders is which. */
async function twoInDoubt(): Promise<readonly [string, string]> {
  rig.kitchen.notes = false;
  rig.kitchen.mood = 'silent';
  const [one, two] = await Promise.all([rig.create(), rig.create({ prompt: 'cold' })]);
  rig.kitchen.mood = 'well';
  const ids = [one.row.id, two.row.id] as const;
  await rig.until(async () => (await detailOf(ids[0])) === 'held_for_review');
  await rig.until(async () => (await detailOf(ids[1])) === 'held_for_review');
  return ids;
}

describe('a task in doubt', () => {
  test('that is adopted goes on at the vendor and is charged once', async () => {
    const [id] = await twoInDoubt();
    await rig.ends(hands().adopt(id, '1'));
    await rig.until(async () => (await rig.task(id)).row.vendorId === '1');
    rig.kitchen.all('served');
    await rig.until(() => isEnded(id));
    expect((await rig.task(id)).row.state).toBe('succeeded');
    expect(rig.kitchen.orders).toHaveLength(2);
    const left = await accountOf(rig.store, rig.purse);
    expect(left).toEqual({ balance: BALANCE - 100n * GRAM, held: 500n * GRAM });
    const act = { command: 'tasks adopt', operator: 'me@here', state: 'done', problem: null };
    expect(await actsOf(id)).toMatchObject([{ ...act, wish: '{"vendor_id":"1"}' }]);
  });

  test('is not given what the vendor does not have, nor what another task has', async () => {
    const [one, two] = await twoInDoubt();
    await rig.ends(hands().adopt(one, '77'));
    await rig.until(async () => (await rig.task(one)).doc.note === 'the vendor does not know "77"');
    expect((await rig.task(one)).row).toMatchObject({ phase: 'unknown', vendorId: null });
    expect(await detailOf(one)).toBe('held_for_review');
    await rig.ends(hands().adopt(one, '1'));
    await rig.until(async () => (await rig.task(one)).row.vendorId === '1');
    await expect(hands().adopt(two, '1')).rejects.toMatchObject({
      ...{ code: 'invalid_request', message: 'Another task has "1" already.' },
    });
    expect((await actsOf(two))[0]).toMatchObject({ state: 'failed' });
    // What was refused keeps nobody from it.
    await rig.ends(hands().adopt(two, '2'));
    await rig.until(async () => (await rig.task(two)).row.vendorId === '2');
  });

  test('that is released fails, costs nothing, and is told', async () => {
    const [id] = await twoInDoubt();
    const ended = await hands().release(id);
    expect(ended.row).toMatchObject({ state: 'failed', phase: 'done', vendorId: null });
    expect(ended.doc.error).toMatchObject({ code: 'never_began', retryable: true });
    expect(ended.doc.events.map(({ type }) => type)).toEqual(['task.queued', 'task.failed']);
    expect((await rig.store.tasks.untold(10)).map((row) => row.id)).toContain(id);
    const left = await accountOf(rig.store, rig.purse);
    expect(left).toEqual({ balance: BALANCE, held: 500n * GRAM });
    await expect(hands().release(id)).rejects.toMatchObject({ message: 'It has ended: failed.' });
    expect((await actsOf(id)).map(({ state }) => state)).toEqual(['failed', 'done']);
  });

  test('that is sent again is sent once more, and no more', async () => {
    const [id] = await twoInDoubt();
    await rig.ends(hands().resend(id));
    await rig.until(async () => (await rig.task(id)).row.vendorId !== null);
    expect(rig.kitchen.orders).toHaveLength(3);
    expect((await rig.task(id)).row).toMatchObject({ vendorId: '3', phase: 'polling' });
    for (const act of ['resend', 'adopt', 'release'] as const) {
      await expect(hands()[act](id, '9')).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect(rig.kitchen.orders).toHaveLength(3);
  });
});

describe('the lease', () => {
  test('of an operator that died runs out, and the engine goes on', async () => {
    const [id] = await twoInDoubt();
    const nowMs = rig.clock.nowMs();
    // As far as the command came before it was killed.
    const row = await rig.store.tasks.leaseOne(id, nowMs, nowMs + 60_000);
    if (row === undefined) throw new Error('not to be had');
    await rig.store.tasks.wake(id, nowMs);
    const asked = rig.kitchen.asked.length;
    await rig.clock.advance(50_000);
    expect(rig.kitchen.asked.length).toBe(asked);
    await rig.until(async () => (await rig.task(id)).row.leaseNo > row.leaseNo);
    const late = { ...(await rig.task(id)), row };
    await expect(save(late, { phase: 'new', nextMs: nowMs }, rig.deps)).rejects.toBeInstanceOf(
      LeaseLost,
    );
  });

  test('that the engine has is waited for', async () => {
    const [id] = await twoInDoubt();
    const nowMs = rig.clock.nowMs();
    await rig.store.tasks.leaseOne(id, nowMs, nowMs + 5_000);
    const work = hands().release(id);
    await rig.clock.advance(3_000);
    expect(await isEnded(id)).toBeFalse();
    await rig.ends(work);
    expect(await isEnded(id)).toBeTrue();
  });

  test('of nobody: a task that there is not is said to be none', async () => {
    await expect(hands().release('task_none')).rejects.toMatchObject({
      code: 'resource_not_found',
    });
    expect(await actsOf('task_none')).toEqual([]);
  });
});
