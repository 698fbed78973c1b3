/** Many deliveries at once: bounded, fair, in order, and none of them comes back from the dead. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { GuardError } from '../../src/kit/guard.ts';
import { type Hooks, makeHooks } from './webhook-rig.ts';

const HOUR_MS = 3_600_000;
const EVENTS = ['task.queued', 'task.running', 'task.succeeded'];

let hooks: Hooks;
beforeEach(async () => {
  hooks = await makeHooks();
});
afterEach(() => hooks.stop());

const until = (is: () => Promise<boolean> | boolean): Promise<void> => hooks.rig.until(is);
const typesOf = (task: string, url: string): readonly string[] =>
  hooks.got
    .filter((one) => one.url === url)
    .map(({ body }) => JSON.parse(body))
    .filter(({ data }) => data.id === task)
    .map(({ type }) => type);

describe('a receiver that is down for an hour', () => {
  test('hears everything afterwards, each task in its order; others hear it now', async () => {
    const [down, up] = ['https://down.test/', 'https://up.test/'];
    await hooks.webhook({ url: down, events: EVENTS });
    await hooks.webhook({ url: up, events: EVENTS });
    let isDown = true;
    hooks.receiver.answers = ({ url }) => (url === down && isDown ? 503 : 200);
    const tasks = await hooks.put(25);
    await until(() => tasks.every(({ id }) => typesOf(id, up).length === 3));
    for (let minutes = 0; minutes < 60; minutes += 15) {
      hooks.rig.clock.jump(HOUR_MS / 4);
      await hooks.rig.clock.advance(2_000);
    }
    expect(
      tasks.every(({ id }) => typesOf(id, down).every((type) => type === EVENTS[0])),
    ).toBeTrue();
    isDown = false;
    const before = hooks.got.length;
    hooks.rig.clock.jump(2 * HOUR_MS);
    await until(async () => (await hooks.all()).every(({ state }) => state === 'delivered'));
    const after = hooks.got.slice(before).filter(({ url }) => url === down);
    for (const { id } of tasks) {
      const heard = after.map(({ body }) => JSON.parse(body)).filter(({ data }) => data.id === id);
      expect(heard.map(({ type }) => type)).toEqual(EVENTS);
      expect(typesOf(id, up)).toEqual(EVENTS);
    }
  });

  test('that keeps us waiting does not keep the others', async () => {
    const [slow, quick] = ['https://slow.test/', 'https://quick.test/'];
    await hooks.webhook({ url: slow, events: ['task.succeeded'] });
    await hooks.webhook({ url: quick, events: ['task.succeeded'] });
    const never = Promise.withResolvers<number>();
    hooks.receiver.answers = ({ url }) => (url === slow ? never.promise : 200);
    const tasks = await hooks.put(60);
    await until(() => tasks.every(({ id }) => typesOf(id, quick).length === 1));
    const waiting = hooks.got.filter(({ url }) => url === slow).length;
    expect([waiting > 0, waiting < 8]).toEqual([true, true]);
    never.resolve(200);
  });
});

describe('a try', () => {
  const one = async () => (await hooks.all())[0];
  const testEvent = async (): Promise<string> => {
    const { row } = await hooks.webhook();
    await hooks.desk.test(row.id, row.accountId);
    return row.id;
  };

  test('at a name that is not known now is made again', async () => {
    hooks.receiver.answers = ({ url }) =>
      hooks.got.length === 1 ? new GuardError('unknown_name', url) : 200;
    await testEvent();
    await until(async () => (await one())?.state === 'delivered');
    expect((await one())?.attempts.map(({ error }) => error)).toEqual([
      ...['refused: unknown_name', null],
    ]);
  });

  test.each([
    ['seconds', () => '90', 90_000],
    ['a date', (nowMs: number) => new Date(nowMs + 90_000).toUTCString(), 89_000],
    ['less than the schedule', () => '1', 3_500],
    ['more than anybody waits', () => '999999999', 86_400_000],
    ['nonsense', () => 'soon', 3_500],
  ] as const)('waits as the receiver asks: %s', async (_, ask, leastMs) => {
    hooks.receiver.answers = () => {
      return { status: 503, retryAfter: ask(hooks.rig.clock.nowMs()) };
    };
    await testEvent();
    await until(async () => (await one())?.tries === 1);
    const waitMs = ((await one())?.nextMs ?? 0) - (hooks.got[0]?.atMs ?? 0);
    expect(waitMs).toBeGreaterThanOrEqual(leastMs);
    expect(waitMs).toBeLessThanOrEqual(Math.max(leastMs, 6_250) + 2_000);
  });

  test('under way when its webhook goes is not carried on, and is never signed anew', async () => {
    const end = Promise.withResolvers<number>();
    hooks.receiver.answers = () => end.promise;
    const id = await testEvent();
    await until(() => hooks.got.length === 1);
    await hooks.desk.remove(id, hooks.rig.purse.accountId);
    end.resolve(500);
    await hooks.rig.clock.advance(60_000);
    expect((await one())?.state).toBe('dropped');
    await hooks.desk.replayOne((await one())?.id ?? '', hooks.rig.purse.accountId);
    await until(async () => (await one())?.state === 'dropped');
    expect(hooks.got).toHaveLength(1);
  });

  test('to one that is switched off is not made', async () => {
    const end = Promise.withResolvers<number>();
    hooks.receiver.answers = () => end.promise;
    const id = await testEvent();
    await until(() => hooks.got.length === 1);
    await hooks.desk.setState(id, hooks.rig.purse.accountId, 'disabled');
    end.resolve(500);
    await hooks.rig.clock.advance(60_000);
    expect([(await one())?.state, hooks.got.length]).toEqual(['dropped', 1]);
  });
});

describe('a queue', () => {
  test('is bounded for each receiver; what has no room can be replayed', async () => {
    const full = new Set<string>();
    const { deliveries } = hooks.rig.store;
    const pendingOf = async (target: string) => (full.has(target) ? 10_000 : 0);
    Object.assign(hooks.deps.deliveries, { ...deliveries, pendingOf });
    const { row } = await hooks.webhook({ url: 'https://crowded.test/' });
    await hooks.webhook({ url: 'https://roomy.test/' });
    full.add(row.id);
    const heard = (name: string) => hooks.got.filter(({ url }) => url.includes(name)).length;
    await hooks.put(2);
    await until(() => heard('roomy') >= 2);
    const { accountId, id: webhookId } = row;
    const dropped = await hooks.desk.deliveries({ accountId, webhookId, limit: 9 });
    expect(dropped.map(({ state }) => state)).toEqual(['dropped', 'dropped']);
    expect(heard('crowded')).toBe(0);
    const again = await hooks.desk.replayAll({ accountId, webhookId, state: 'dropped' });
    expect(again).toEqual({ replayed: 2, more: false });
    await until(() => heard('crowded') === 2);
  });

  test('goes on where one event cannot be written', async () => {
    await hooks.webhook();
    const [broken, good] = await hooks.put(2);
    await hooks.rig.store.tasks.save(broken?.id ?? '', 0, {
      ...(broken as NonNullable<typeof broken>),
      doc: (broken?.doc ?? '').replace('"estimate":"', '"estimate":"x'),
    });
    await until(() => typesOf(good?.id ?? '', 'https://a.test/hook').length === 1);
    expect((await hooks.rig.store.tasks.untold(100)).map(({ id }) => id)).toEqual([]);
  });
});
