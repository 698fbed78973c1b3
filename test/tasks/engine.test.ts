/** The engine against a vendor that it has never heard of: one file, and no other edit. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { startEngine } from '../../src/tasks/engine.ts';
import { accountOf, auditGood } from '../suites/storage-rig.ts';
import { BALANCE, GRAM, makeRig, type Rig, routesOf } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});
afterEach(async () => {
  await auditGood(rig.store);
  await rig.stop();
});

const states = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await rig.task(id)).row.state));
const isEnded = async (id: string) => (await rig.task(id)).row.endedMs !== null;

describe('a job from its wish to its end', () => {
  test('is held for at most, and charged what the vendor counted, once', async () => {
    const { row } = await rig.create();
    expect(await accountOf(rig.store, rig.purse)).toEqual({ balance: BALANCE, held: 500n * GRAM });
    expect(row).toMatchObject({ state: 'queued', phase: 'polling', vendorId: '1' });
    rig.kitchen.all('simmering');
    await rig.until(async () => (await rig.task(row.id)).row.state === 'running');
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    const { doc, row: ended } = await rig.task(row.id);
    expect(ended.state).toBe('succeeded');
    expect(doc.outputs[0]?.url).toBe('https://kitchen.test/1.mp4');
    expect(doc.events.map(({ type }) => type)).toEqual([
      ...['task.queued', 'task.running', 'task.succeeded'],
    ]);
    const left = await accountOf(rig.store, rig.purse);
    expect(left).toEqual({ balance: BALANCE - 100n * GRAM, held: 0n });
    const call = await rig.store.calls.byId(ended.callId);
    expect(call).toMatchObject({ state: 'charged', usageSource: 'vendor', service: 'task' });
  });

  test('without a count of the vendor costs what was asked for, and says so', async () => {
    rig.kitchen.grams = null;
    const { row } = await rig.create();
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    const call = await rig.store.calls.byId(row.callId);
    expect(call).toMatchObject({ charge: 500n * GRAM, usageSource: 'estimate' });
  });

  test('costs what it was held for, whatever the price is when a vendor takes it', async () => {
    rig.kitchen.mood = 'busy';
    const work = rig.desk.create(rig.wish()).catch(() => null);
    await rig.clock.advance(1_500);
    const dear = await routesOf(rig.store, '0.9');
    Object.assign(rig.deps, { routes: dear });
    rig.kitchen.mood = 'well';
    await rig.ends(work);
    const [row] = await rig.store.tasks.list({ accountId: rig.purse.accountId, limit: 1 });
    if (row === undefined) throw new Error('no task');
    expect(row).toMatchObject({ phase: 'polling' });
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    expect((await rig.task(row.id)).doc.priceId).not.toBe(dear.find('soup', null).ways[0]?.priceId);
    const left = await accountOf(rig.store, rig.purse);
    expect(left).toEqual({ balance: BALANCE - 100n * GRAM, held: 0n });
  });

  test('costs nothing where it fails', async () => {
    const { row } = await rig.create();
    rig.kitchen.all('burnt');
    await rig.until(() => isEnded(row.id));
    const { doc } = await rig.task(row.id);
    expect(doc.error).toMatchObject({ code: 'vendor_error', message: 'It is burnt.' });
    expect(await accountOf(rig.store, rig.purse)).toEqual({ balance: BALANCE, held: 0n });
  });

  test('is refused at once where the vendor refuses it, whatever the status', async () => {
    rig.kitchen.mood = 'no';
    await expect(rig.create()).rejects.toMatchObject({ code: 'vendor_rejected', status: 400 });
    await rig.until(() => rig.kitchen.asked.length > 0);
    await rig.clock.advance(3_000);
    expect(await accountOf(rig.store, rig.purse)).toEqual({ balance: BALANCE, held: 0n });
  });

  test('is stopped where the vendor can, and refused to be where it cannot', async () => {
    const { row } = await rig.create();
    const ref = { id: row.id, mount: '', accountId: row.accountId };
    await rig.ends(rig.desk.cancel(ref));
    await rig.until(() => isEnded(row.id));
    expect(await states([row.id])).toEqual(['canceled']);
    await expect(rig.desk.cancel(ref)).rejects.toMatchObject({ code: 'task_ended', status: 409 });
    const other = await rig.create();
    rig.kitchen.all('simmering');
    await rig.until(async () => (await rig.task(other.row.id)).row.state === 'running');
    await expect(rig.desk.cancel({ ...ref, id: other.row.id })).rejects.toMatchObject({
      code: 'cancel_unsupported',
    });
    await expect(rig.desk.remove({ ...ref, id: other.row.id })).rejects.toMatchObject({
      code: 'task_open',
    });
  });

  test('belongs to its account alone', async () => {
    const { row } = await rig.create();
    const ref = { id: row.id, mount: '', accountId: 'somebody else' };
    const looks = [rig.desk.find, rig.desk.cancel, rig.desk.remove];
    for (const look of looks) {
      await expect(look(ref)).rejects.toMatchObject({ code: 'resource_not_found' });
    }
  });

  test('is not begun without the money', async () => {
    const poor = {
      ...rig.wish().caller,
      accountId: 'house',
      unlimited: false,
      models: new Set(['x']),
    };
    await expect(rig.desk.create(rig.wish({ caller: poor }))).rejects.toMatchObject({
      code: 'model_not_allowed',
    });
    const before = rig.kitchen.asked.length;
    const many = Array.from({ length: 3 }, () => rig.create());
    await Promise.all(many);
    expect(rig.kitchen.asked.length).toBeGreaterThan(before);
  });
});

describe('a creation that nobody answered', () => {
  test('is found by our own mark and never sent again', async () => {
    rig.kitchen.mood = 'lost-500';
    const { row } = await rig.create();
    expect(row.phase).toBe('unknown');
    rig.kitchen.mood = 'well';
    await rig.until(async () => (await rig.task(row.id)).row.vendorId === '1');
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    expect(rig.kitchen.orders).toHaveLength(1);
  });

  test('is not sent again where our database failed after the vendor took it', async () => {
    const { tasks } = rig.deps;
    const { save } = tasks;
    let failed = 0;
    Object.assign(tasks, {
      async save(...args: Parameters<typeof save>) {
        if (args[2].phase === 'polling' && failed === 0) {
          failed += 1;
          throw new Error('the database is away');
        }
        return save(...args);
      },
    });
    const { row } = await rig.create();
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    expect(failed).toBe(1);
    expect(rig.kitchen.orders).toHaveLength(1);
    expect(await states([row.id])).toEqual(['succeeded']);
  });

  test('is sent anew at once where the vendor says that it never began', async () => {
    rig.kitchen.mood = 'stove-500';
    const made = rig.create();
    await rig.until(() => rig.kitchen.asked.filter(({ method }) => method === 'PUT').length > 1);
    rig.kitchen.mood = 'well';
    const { row } = await made;
    expect(rig.kitchen.asked.filter(({ method }) => method === 'GET')).toEqual([]);
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    expect(await states([row.id])).toEqual(['succeeded']);
    expect(rig.kitchen.orders).toHaveLength(1);
  });

  test('is sent anew only once the list proves that it never arrived', async () => {
    rig.kitchen.mood = 'never-500';
    const { row } = await rig.create();
    rig.kitchen.mood = 'well';
    await rig.clock.advance(20_000);
    expect(rig.kitchen.orders).toHaveLength(0);
    await rig.until(() => rig.kitchen.orders.length === 1);
    rig.kitchen.all('served');
    await rig.until(() => isEnded(row.id));
    expect(await states([row.id])).toEqual(['succeeded']);
  });

  test('waits for people where it could be another one, and nobody is given a guess', async () => {
    rig.kitchen.notes = false;
    rig.kitchen.mood = 'silent';
    const made = await Promise.all([rig.create(), rig.create({ prompt: 'cold' })]);
    rig.kitchen.mood = 'well';
    await rig.clock.advance(300_000);
    for (const { row } of made) {
      const { doc, row: now } = await rig.task(row.id);
      expect([now.phase, now.vendorId, doc.detail]).toEqual(['unknown', null, 'held_for_review']);
    }
    expect(rig.kitchen.orders).toHaveLength(2);
    const held = await accountOf(rig.store, rig.purse);
    expect(held.held).toBe(1_000n * GRAM);
  });

  test('is given no job without proof, though it is the only one that no task has', async () => {
    const first = await rig.create();
    rig.kitchen.all('served');
    await rig.until(() => isEnded(first.row.id));
    await rig.desk.remove({ id: first.row.id, mount: '', accountId: first.row.accountId });
    rig.kitchen.mood = 'never-500';
    const { row } = await rig.create({ prompt: 'cold' });
    rig.kitchen.mood = 'well';
    await rig.clock.advance(300_000);
    const { doc, row: now } = await rig.task(row.id);
    expect([now.phase, now.vendorId, doc.detail]).toEqual(['unknown', null, 'held_for_review']);
    expect(rig.kitchen.orders).toHaveLength(1);
  });

  test('is tried again where no connection stood, for nothing was sent', async () => {
    rig.kitchen.mood = 'dead';
    const creating = rig.create();
    await rig.clock.advance(4_000);
    rig.kitchen.mood = 'well';
    const { row } = await creating;
    await rig.until(async () => (await rig.task(row.id)).row.vendorId === '1');
    expect(rig.kitchen.orders).toHaveLength(1);
  });
});

describe('many jobs', () => {
  test('no more at the vendor than it takes at once; the others wait here', async () => {
    const made: string[] = [];
    for (let at = 0; at < 8; at += 1) made.push((await rig.create()).row.id);
    expect(rig.kitchen.orders).toHaveLength(3);
    rig.kitchen.all('served');
    await rig.until(() => rig.kitchen.orders.length === 6);
    await rig.until(async () => {
      rig.kitchen.all('served');
      return (await states(made)).every((state) => state === 'succeeded');
    });
    expect(rig.kitchen.askingMax).toBeLessThanOrEqual(4);
  });

  test('another engine goes on where one ended, and a lease keeps two from one job', async () => {
    const { row } = await rig.create();
    await rig.ends(rig.engine.stop());
    const [held] = await rig.store.tasks.lease({
      upstream: 'ninth',
      nowMs: rig.clock.nowMs() + 60_000,
      untilMs: rig.clock.nowMs() + 120_000,
      limit: 1,
    });
    expect(held?.id).toBe(row.id);
    rig.kitchen.all('served');
    rig.engine = startEngine(rig.deps);
    await rig.clock.advance(60_000);
    expect(await isEnded(row.id)).toBe(false);
    // What the first holder writes now is not taken.
    await rig.until(() => isEnded(row.id));
    expect(await rig.store.tasks.save(row.id, held?.leaseNo ?? -1, { ...row })).toBe(false);
  });

  test('one Idempotency-Key makes one task; another request under it is refused', async () => {
    const first = await rig.create({ repeatKey: 'k' });
    const second = await rig.create({ repeatKey: 'k' });
    expect(second.row.id).toBe(first.row.id);
    await expect(
      rig.desk.create(rig.wish({ repeatKey: 'k', prompt: 'cold' })),
    ).rejects.toMatchObject({
      code: 'idempotency_mismatch',
      status: 409,
    });
    expect(rig.kitchen.orders).toHaveLength(1);
  });

  test('an account has no more open at once than it may', async () => {
    const own = await makeRig({ openMax: 2 });
    for (const prompt of ['hot', 'cold']) await own.create({ prompt });
    await expect(own.create()).rejects.toMatchObject({ code: 'task_limit_exceeded', status: 429 });
    own.kitchen.all('served');
    const open = {
      accountId: own.purse.accountId,
      states: ['queued', 'running'],
      limit: 1,
    } as const;
    await own.until(async () => (await own.store.tasks.count(open)) === 0);
    expect((await own.create()).row.state).toBe('queued');
    await own.stop();
  });
});
