/** Notices, alarms, marks and operators' acts: every store keeps this. */
import { expect, test } from 'bun:test';
import type { AlarmRow, NoticeRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;

function noticeRow(more: Partial<NoticeRow> = {}): NoticeRow {
  return {
    id: nextName('notice'),
    eventId: nextName('evt'),
    accountId: null,
    type: 'notice.upstream_down',
    subject: 'upstream:a',
    data: '{"upstream":"a"}',
    atMs: NOW_MS,
    ...more,
  };
}

function alarmRow(more: Partial<AlarmRow> = {}): AlarmRow {
  const base = { kind: 'upstream_down', subject: nextName('up'), times: 1 };
  return { ...base, on: true, sinceMs: NOW_MS, seenMs: NOW_MS, ...more };
}

export const noticesSuite = suiteOf('notices')((store) => {
  test('are kept once under their id, until they are told', async () => {
    const { notices } = store();
    const row = noticeRow();
    expect(await notices.insert(row)).toBeTrue();
    expect(await notices.insert({ ...row, eventId: nextName('evt') })).toBeFalse();
    const later = noticeRow({ accountId: 'default' });
    expect(await notices.insert(later)).toBeTrue();
    expect(await notices.untold(10)).toEqual([row, later]);
    expect(await notices.untold(1)).toEqual([row]);
    await notices.markTold(row.id);
    expect(await notices.untold(10)).toEqual([later]);
    expect(await notices.list({ limit: 10 })).toEqual([later, row]);
    expect(await notices.list({ limit: 10, after: later.eventId })).toEqual([row]);
    await notices.markTold(later.id);
  });

  test('an alarm is changed by whoever knows it as it is, and by nobody else', async () => {
    const { alarms } = store();
    const first = alarmRow();
    const { kind, subject } = first;
    expect(await alarms.find(kind, subject)).toBeUndefined();
    expect(await alarms.replace(null, first)).toBeTrue();
    expect(await alarms.replace(null, first)).toBeFalse();
    expect(await alarms.find(kind, subject)).toEqual(first);
    const off = { ...first, on: false };
    expect(await alarms.replace({ ...first, times: 2 }, off)).toBeFalse();
    await alarms.see(kind, subject, NOW_MS + 5);
    expect(await alarms.replace(first, off)).toBeFalse();
    const seen = { ...first, seenMs: NOW_MS + 5 };
    const list = (on: boolean, seenBeforeMs: number) =>
      alarms.list({ kind, on, seenBeforeMs, limit: 10 });
    expect(await list(true, NOW_MS + 5)).toEqual([]);
    expect(await list(true, NOW_MS + 6)).toEqual([seen]);
    expect(await alarms.replace(seen, off)).toBeTrue();
    expect(await list(true, NOW_MS + 6)).toEqual([]);
    expect(await list(false, NOW_MS + 6)).toEqual([off]);
  });

  test('accounts are found when they cross their mark, each way', async () => {
    const { alarms } = store();
    const { accountId } = await makePurse(store(), 100n);
    const changed = async (below: bigint | null) =>
      (await alarms.balanceChanges(below, 100)).filter((one) => one.accountId === accountId);
    expect(await changed(null)).toEqual([]);
    // Never above it: it has not fallen.
    expect(await changed(101n)).toEqual([]);
    expect(await changed(100n)).toMatchObject([{ balance: 100n, below: 100n, alarm: null }]);
    await alarms.setMark(accountId, 500n);
    expect(await alarms.mark(accountId)).toBe(500n);
    expect(await changed(null)).toEqual([]);
    const alarm = alarmRow({ kind: 'balance_low', subject: accountId, on: false, times: 3 });
    await alarms.replace(null, alarm);
    expect(await changed(null)).toMatchObject([{ below: 500n, alarm: { on: false, times: 3 } }]);
    await alarms.replace(alarm, { ...alarm, on: true, times: 4 });
    expect(await changed(null)).toEqual([]);
    await alarms.setMark(accountId, 100n);
    expect(await changed(null)).toMatchObject([{ below: 100n, alarm: { on: true, times: 4 } }]);
    await alarms.setMark(accountId, null);
    expect(await alarms.mark(accountId)).toBeNull();
    expect(await changed(50n)).toEqual([]);
    await alarms.setMark(accountId, undefined);
    expect(await alarms.mark(accountId)).toBeUndefined();
    expect(await changed(50n)).toHaveLength(1);
  });

  test('accounts are found by the events that their webhooks name', async () => {
    const { webhooks } = store();
    const { accountId } = await makePurse(store(), 0n);
    const row = {
      ...{ id: nextName('whk'), accountId, url: 'https://a.test/', profile: 'standard' as const },
      ...{ sealed: 's', oldSealed: null, oldUntilMs: null, reason: null, createdMs: NOW_MS },
      events: ['notice.model_retiring', 'task.failed'],
      state: 'active' as const,
    };
    await webhooks.insert(row);
    await webhooks.insert({ ...row, id: nextName('whk') });
    expect(await webhooks.accountsFor('notice.model_retiring', { limit: 9 })).toEqual([accountId]);
    const past = { limit: 9, after: accountId };
    expect(await webhooks.accountsFor('notice.model_retiring', past)).toEqual([]);
    expect(await webhooks.accountsFor('notice.balance_low', { limit: 9 })).toEqual([]);
  });

  test('an act is written before it is done, and how it ended after', async () => {
    const { acts } = store();
    const subject = nextName('task');
    const act = {
      ...{
        id: nextName('act'),
        atMs: NOW_MS,
        operator: 'me@here',
        command: 'tasks adopt',
        subject,
      },
      ...{ wish: '{"vendor_id":"x"}', state: 'begun' as const, endedMs: null, problem: null },
    };
    await acts.begin(act);
    expect(await acts.list({ subject, limit: 5 })).toEqual([act]);
    const end = { state: 'failed' as const, endedMs: NOW_MS + 1, problem: 'busy' };
    await acts.end(act.id, end);
    expect(await acts.list({ subject, limit: 5 })).toEqual([{ ...act, ...end }]);
    expect(await acts.list({ subject: 'another', limit: 5 })).toEqual([]);
  });
});
