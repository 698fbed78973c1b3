/** Slow jobs: who may take them, who may write to them, what is found. Every store keeps this. */
import { describe, expect, test } from 'bun:test';
import type { Store, TaskChange, TaskRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, rowsSuiteOf } from './storage-rig.ts';

export const NOW_MS = 1_700_000_000_000;
const CLAIMERS = 64;
const ROWS = 200;

export function taskRow(accountId: string, more: Partial<TaskRow> = {}): TaskRow {
  const id = nextName('task');
  return {
    id,
    accountId,
    keyId: 'key_1',
    callId: nextName('call'),
    mount: '',
    nativeId: id,
    kind: 'text_to_video',
    model: 'soup',
    upstream: nextName('up'),
    vendorId: null,
    phase: 'new',
    state: 'queued',
    cancelAsked: false,
    createdMs: NOW_MS,
    endedMs: null,
    nextMs: NOW_MS,
    leaseUntilMs: 0,
    leaseNo: 0,
    repeatKey: null,
    ownName: null,
    asked: null,
    unheard: false,
    token: nextName('token'),
    events: 1,
    told: 0,
    job: '{"prompt":"一只猫"}',
    doc: '{}',
    body: null,
    ...more,
  };
}

async function insert(store: Store, ...rows: readonly TaskRow[]): Promise<void> {
  for (const row of rows) expect(await store.tasks.insert(row)).toBeTrue();
}

const ended = { phase: 'done', state: 'succeeded', endedMs: NOW_MS + 5 } as const;

function change(row: TaskRow, more: Partial<TaskChange> = {}): TaskChange {
  return { ...row, leaseUntilMs: 0, ...more };
}

const ask = (upstream: string, limit = 100, nowMs = NOW_MS) => {
  return { upstream, nowMs, untilMs: nowMs + 1_000, limit };
};

export const tasksSuite = rowsSuiteOf('tasks')((store) => {
  const { byId } = { byId: (id: string) => store().tasks.byId(id) };
  const own = async (): Promise<string> => (await makePurse(store(), 0n)).accountId;

  describe('a row', () => {
    test('comes back in every field, by each of its names', async () => {
      const accountId = await own();
      const row = taskRow(accountId, {
        ...{ mount: '/kling', nativeId: nextName('native'), vendorId: nextName('v') },
        ...{ cancelAsked: true, repeatKey: 'k', leaseUntilMs: 7, leaseNo: 3, told: 1, events: 2 },
        ...{ endedMs: NOW_MS + 9, body: '{"a":"\\u0000"}', doc: '{"x":1}', nextMs: NOW_MS + 8 },
      });
      await insert(store(), row);
      const { tasks } = store();
      expect(await byId(row.id)).toEqual(row);
      expect(await tasks.byNativeId('/kling', row.nativeId)).toEqual(row);
      expect(await tasks.byNativeId('', row.nativeId)).toBeUndefined();
      expect(await tasks.byToken(row.token)).toEqual(row);
      expect(await tasks.byRepeatKey(accountId, 'k')).toEqual(row);
      expect(await tasks.byRepeatKey('default', 'k')).toBeUndefined();
      expect(await byId('nobody')).toBeUndefined();
    });

    test('has no twin under its repeat key, in its account alone', async () => {
      const [mine, theirs] = [await own(), await own()];
      const first = taskRow(mine, { repeatKey: 'same' });
      const made = await Promise.all(
        [first, ...[1, 2, 3].map(() => taskRow(mine, { repeatKey: 'same' }))].map((row) =>
          store().tasks.insert(row),
        ),
      );
      expect(made.filter(Boolean)).toHaveLength(1);
      await insert(store(), taskRow(theirs, { repeatKey: 'same' }));
      // No key is no name: any number may go without.
      await insert(store(), taskRow(mine), taskRow(mine));
      const kept = await store().tasks.byRepeatKey(mine, 'same');
      await store().tasks.forgetRepeatKey(kept?.id ?? '');
      await insert(store(), taskRow(mine, { repeatKey: 'same' }));
      const taken = taskRow(mine, { id: kept?.id ?? '' });
      expect(
        await store()
          .tasks.insert(taken)
          .catch(() => false),
      ).toBeFalse();
    });

    test('goes only when it has ended, and a draft only while it is one', async () => {
      const accountId = await own();
      const [open, done] = [taskRow(accountId), taskRow(accountId, ended)];
      const draft = taskRow(accountId, { phase: 'draft' });
      await insert(store(), open, done, draft);
      expect(await store().tasks.remove(open.id)).toBeFalse();
      expect(await store().tasks.remove(done.id)).toBeTrue();
      expect(await store().tasks.remove(done.id)).toBeFalse();
      await store().tasks.dropDraft(open.id);
      await store().tasks.dropDraft(draft.id);
      expect(await byId(open.id)).toEqual(open);
      expect(await byId(draft.id)).toBeUndefined();
    });
  });

  describe('a list', () => {
    test('is the account’s own, the newest first, page after page, drafts left out', async () => {
      const [mine, theirs] = [await own(), await own()];
      const rows = Array.from({ length: 5 }, () => taskRow(mine));
      await insert(store(), ...rows, taskRow(theirs), taskRow(mine, { phase: 'draft' }));
      const newest = rows.map(({ id }) => id).reverse();
      const list = async (more: object) =>
        (await store().tasks.list({ accountId: mine, limit: 2, ...more })).map(({ id }) => id);
      expect(await list({})).toEqual(newest.slice(0, 2));
      expect(await list({ after: newest[1] })).toEqual(newest.slice(2, 4));
      expect(await list({ after: newest[3] })).toEqual(newest.slice(4));
      expect(await list({ after: newest[4] })).toEqual([]);
      expect(await list({ offset: 3 })).toEqual(newest.slice(3));
      expect(await store().tasks.count({ accountId: mine, limit: 1 })).toBe(5);
    });

    test('by each filter, and by all of them', async () => {
      const accountId = await own();
      const [plain, video, image] = [
        taskRow(accountId),
        taskRow(accountId, { ...ended, mount: '/kling', nativeId: nextName('n'), model: 'stew' }),
        taskRow(accountId, { kind: 'image', state: 'running', createdMs: NOW_MS + 50 }),
      ];
      await insert(store(), plain, video, image);
      const list = async (more: object) =>
        (await store().tasks.list({ accountId, limit: 9, ...more })).map(({ id }) => id);
      expect(await list({ mount: '/kling' })).toEqual([video.id]);
      expect(await list({ nativeIds: [video.nativeId, plain.nativeId] })).toEqual([
        ...[video.id, plain.id],
      ]);
      expect(await list({ nativeIds: [] })).toEqual([]);
      expect(await list({ states: ['running', 'succeeded'] })).toEqual([image.id, video.id]);
      expect(await list({ states: [] })).toEqual([]);
      expect(await list({ kind: 'image' })).toEqual([image.id]);
      expect(await list({ model: 'stew' })).toEqual([video.id]);
      expect(await list({ createdAfterMs: NOW_MS + 50 })).toEqual([image.id]);
      expect(await list({ kind: 'image', states: ['queued'] })).toEqual([]);
      const all = { accountId, limit: 1, kind: 'image', model: 'soup' } as const;
      expect(await store().tasks.count(all)).toBe(1);
    });
  });

  describe('a lease', () => {
    test('takes what is due, the longest overdue first, and no more than is asked', async () => {
      const accountId = await own();
      const upstream = nextName('up');
      const at = (ms: number, more: Partial<TaskRow> = {}) =>
        taskRow(accountId, { upstream, nextMs: NOW_MS + ms, ...more });
      const rows = [
        at(-10),
        at(-30),
        at(-20),
        at(1),
        at(-5, ended),
        at(-40, { leaseUntilMs: NOW_MS + 1 }),
      ];
      await insert(store(), ...rows, at(-50, { upstream: nextName('other') }));
      const first = await store().tasks.lease(ask(upstream, 2));
      expect(first.map(({ id }) => id)).toEqual([rows[1]?.id ?? '', rows[2]?.id ?? '']);
      expect(first[0]).toMatchObject({ leaseNo: 1, leaseUntilMs: NOW_MS + 1_000 });
      const second = await store().tasks.lease(ask(upstream));
      expect(second.map(({ id }) => id)).toEqual([rows[0]?.id ?? '']);
      expect(await store().tasks.lease(ask(upstream))).toEqual([]);
      // Leases run out: whoever held them is gone.
      expect(await store().tasks.lease(ask(upstream, 100, NOW_MS + 1_000))).toHaveLength(5);
    });

    test('is told of by upstream, with the time of the first', async () => {
      const accountId = await own();
      const [one, two] = [nextName('up'), nextName('up')];
      await insert(
        store(),
        taskRow(accountId, { upstream: one, nextMs: NOW_MS + 7 }),
        taskRow(accountId, { upstream: one, nextMs: NOW_MS + 3 }),
        taskRow(accountId, { upstream: one, nextMs: NOW_MS, leaseUntilMs: NOW_MS + 1 }),
        taskRow(accountId, { upstream: two, ...ended }),
      );
      const due = await store().tasks.due(NOW_MS);
      const ours = due.filter(({ upstream }) => upstream === one || upstream === two);
      expect(ours).toEqual([{ upstream: one, nextMs: NOW_MS + 3 }]);
    });

    test(`is one: of ${CLAIMERS} that ask at once each row goes to one`, async () => {
      const accountId = await own();
      const upstream = nextName('up');
      const rows = Array.from({ length: ROWS }, (_, at) =>
        taskRow(accountId, { upstream, nextMs: NOW_MS - (at % 7) }),
      );
      await insert(store(), ...rows);
      const taken = await Promise.all(
        Array.from({ length: CLAIMERS }, () => store().tasks.lease(ask(upstream, 7))),
      );
      const ids = taken.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(taken.flat().every(({ leaseNo }) => leaseNo === 1)).toBeTrue();
      const left = await store().tasks.lease(ask(upstream, ROWS));
      expect(ids.length + left.length).toBe(ROWS);
    });

    test('is dropped for all by a process that is alone; drafts are due then', async () => {
      const accountId = await own();
      const held = taskRow(accountId, { leaseUntilMs: NOW_MS * 2, leaseNo: 1 });
      const done = taskRow(accountId, { ...ended, leaseUntilMs: NOW_MS * 2 });
      const draft = taskRow(accountId, { phase: 'draft', nextMs: NOW_MS * 2 });
      await insert(store(), held, done, draft);
      expect(await store().tasks.clearLeases()).toBeGreaterThanOrEqual(1);
      expect(await store().tasks.lease(ask(held.upstream))).toHaveLength(1);
      expect(await store().tasks.lease(ask(draft.upstream))).toHaveLength(1);
      expect((await byId(done.id))?.leaseUntilMs).toBe(NOW_MS * 2);
    });
  });

  describe('a save', () => {
    test('by the holder changes what a holder may; by a late one nothing', async () => {
      const row = taskRow(await own());
      await insert(store(), row);
      const [mine] = await store().tasks.lease(ask(row.upstream));
      if (mine === undefined) throw new Error('not leased');
      const [theirs] = await store().tasks.lease(ask(row.upstream, 1, NOW_MS + 5_000));
      expect(theirs?.leaseNo).toBe(2);
      const late = change(mine, { doc: '{"late":true}', phase: 'done', vendorId: 'x' });
      expect(await store().tasks.save(row.id, mine.leaseNo, late)).toBeFalse();
      expect(await store().tasks.renew(row.id, mine.leaseNo, NOW_MS * 2)).toBeFalse();
      expect(await byId(row.id)).toEqual(theirs);
      const said: TaskChange = {
        ...{ upstream: nextName('up'), vendorId: nextName('v'), phase: 'polling' },
        ...{ state: 'running', endedMs: NOW_MS + 1, nextMs: NOW_MS + 2, leaseUntilMs: NOW_MS + 3 },
        ...{ doc: '{"a":1}', body: '"b"', events: 2 },
      };
      expect(await store().tasks.save(row.id, 2, said)).toBeTrue();
      expect(await byId(row.id)).toEqual({ ...row, ...said, leaseNo: 2 });
    });

    test('ends a lease, or leaves it to be renewed by its holder', async () => {
      const row = taskRow(await own());
      await insert(store(), row);
      const [mine] = await store().tasks.lease(ask(row.upstream));
      if (mine === undefined) throw new Error('not leased');
      expect(await store().tasks.renew(row.id, 1, NOW_MS + 9_000)).toBeTrue();
      expect(await store().tasks.lease(ask(row.upstream, 1, NOW_MS + 8_999))).toEqual([]);
      expect(await store().tasks.save(row.id, 1, change(mine))).toBeTrue();
      // A renewal that was under way meanwhile must not hide the task from everybody.
      expect(await store().tasks.renew(row.id, 1, NOW_MS + 9_000)).toBeFalse();
      expect(await store().tasks.lease(ask(row.upstream))).toHaveLength(1);
    });

    test('lets go without a word on what it holds, and lets go of nobody else’s', async () => {
      const row = taskRow(await own());
      await insert(store(), row);
      const [mine] = await store().tasks.lease(ask(row.upstream));
      if (mine === undefined) throw new Error('not leased');
      await store().tasks.letGo(row.id, mine.leaseNo + 1, NOW_MS + 70);
      expect(await byId(row.id)).toEqual(mine);
      await store().tasks.letGo(row.id, mine.leaseNo, NOW_MS + 70);
      expect(await byId(row.id)).toEqual({ ...mine, leaseUntilMs: 0, nextMs: NOW_MS + 70 });
    });

    test('of many with one number: all of the holder’s, none of the others’', async () => {
      const row = taskRow(await own());
      await insert(store(), row);
      const [mine] = await store().tasks.lease(ask(row.upstream));
      const numbers = [0, 1, 2, 0, 1, 2];
      const saved = await Promise.all(
        numbers.map((no) => store().tasks.save(row.id, no, change(mine ?? row))),
      );
      expect(saved).toEqual(numbers.map((no) => no === 1));
    });

    test('does not forget a wish to look sooner that came meanwhile', async () => {
      const row = taskRow(await own());
      await insert(store(), row);
      const [mine] = await store().tasks.lease(ask(row.upstream));
      if (mine === undefined) throw new Error('not leased');
      const later = { nextMs: NOW_MS + 60_000, nextSeenMs: mine.nextMs };
      expect(await store().tasks.save(row.id, 1, change(mine, later))).toBeTrue();
      expect((await byId(row.id))?.nextMs).toBe(NOW_MS + 60_000);
      const [again] = await store().tasks.lease(ask(row.upstream, 1, NOW_MS + 60_000));
      await store().tasks.wake(row.id, NOW_MS + 60_001);
      await store().tasks.askCancel(row.id, NOW_MS + 60_002);
      const more = { nextMs: NOW_MS + 120_000, nextSeenMs: again?.nextMs ?? 0 };
      expect(await store().tasks.save(row.id, 2, change(again ?? row, more))).toBeTrue();
      const woken = await byId(row.id);
      expect([woken?.nextMs, woken?.cancelAsked]).toEqual([NOW_MS + 60_002, true]);
    });

    test('is counted, so that other nodes see that there is something to see', async () => {
      const accountId = await own();
      const [one, two] = [taskRow(accountId), taskRow(accountId)];
      await insert(store(), one, two);
      const { saves } = store().tasks;
      expect(await saves([])).toEqual(new Map());
      expect(await saves([one.id, two.id, 'nobody'])).toEqual(
        new Map([
          [one.id, 0],
          [two.id, 0],
        ]),
      );
      await store().tasks.save(one.id, 0, change(one));
      await store().tasks.save(one.id, 9, change(one));
      await store().tasks.askCancel(two.id, NOW_MS);
      expect(await saves([one.id, two.id])).toEqual(
        new Map([
          [one.id, 1],
          [two.id, 1],
        ]),
      );
    });

    test('a wish to stop is heard of what is open alone', async () => {
      const accountId = await own();
      const [open, done] = [taskRow(accountId), taskRow(accountId, ended)];
      await insert(store(), open, done);
      for (const { id } of [open, done]) await store().tasks.askCancel(id, NOW_MS - 5);
      expect(await byId(open.id)).toMatchObject({ cancelAsked: true, nextMs: NOW_MS - 5 });
      expect(await byId(done.id)).toEqual(done);
    });
  });
});
