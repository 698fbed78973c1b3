/** Answers under keys of the callers': every store keeps this. */
import { expect, test } from 'bun:test';
import type { OnceRow } from '../../src/storage/ports.ts';
import { nextName, suiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;
const ROW_BYTES = 512;

function onceRow(more: Partial<OnceRow> = {}): OnceRow {
  return {
    id: nextName('once'),
    accountId: 'default',
    bodyHash: 'h1',
    owner: 'node_1',
    leaseUntilMs: NOW_MS + 60_000,
    expiresMs: NOW_MS + 86_400_000,
    ...more,
  };
}

/** All byte values, and text that breaks who takes bytes for text. */
const BODY = new Uint8Array([...Array(256).keys(), ...Buffer.from('data: 你好\n\n')]);
const ANSWER = { status: 200, headers: { 'content-type': 'text/event-stream' }, body: BODY };

export const idempotencySuite = suiteOf('idempotency')((store, place) => {
  const kept = () => store().idempotency;

  test('the first writes, the second sees it; bytes come back as they were', async () => {
    const row = onceRow();
    expect(await kept().begin(row, NOW_MS)).toBeNull();
    const running = { state: 'running', bodyHash: 'h1', leaseUntilMs: NOW_MS + 60_000 } as const;
    expect(await kept().begin({ ...row, bodyHash: 'h2' }, NOW_MS)).toEqual(running);
    expect(await kept().find(row.id, NOW_MS)).toEqual(running);
    await kept().finish(row.id, ANSWER);
    const done = { state: 'done', bodyHash: 'h1', answer: ANSWER } as const;
    expect(await kept().begin(row, NOW_MS)).toEqual(done);
    const other = await place().open();
    expect(await other.idempotency.find(row.id, NOW_MS)).toEqual(done);
    expect(await kept().find(nextName('once'), NOW_MS)).toBeNull();
  });

  test('of many at once, on two stores, one writes', async () => {
    const other = (await place().open()).idempotency;
    const row = onceRow();
    const asked = Array.from({ length: 20 }, (_, at) =>
      (at % 2 === 0 ? kept() : other).begin(row, NOW_MS),
    );
    const found = await Promise.all(asked);
    expect(found.filter((one) => one === null).length).toBe(1);
    expect(found.filter((one) => one?.state === 'running').length).toBe(19);
  });

  test('what a process left behind is lost after its lease, unless it renews', async () => {
    const dead = onceRow({ owner: 'dead' });
    const live = onceRow({ owner: 'live' });
    const done = onceRow({ owner: 'live' });
    for (const row of [dead, live, done]) await kept().begin(row, NOW_MS);
    await kept().finish(done.id, ANSWER);
    await kept().renew('live', NOW_MS + 90_000);
    const later = NOW_MS + 60_000;
    expect(await kept().begin(dead, later)).toEqual({ state: 'lost', bodyHash: 'h1' });
    expect(await kept().find(live.id, later)).toMatchObject({ state: 'running' });
    expect(await kept().find(done.id, later)).toMatchObject({ state: 'done' });
    // It was only slow: what it brings is good.
    await kept().finish(dead.id, ANSWER);
    expect(await kept().find(dead.id, later)).toMatchObject({ state: 'done' });
  });

  test('what is given up is lost, what came to nothing is free again', async () => {
    const lost = onceRow();
    const free = onceRow();
    for (const row of [lost, free]) await kept().begin(row, NOW_MS);
    await kept().lose(lost.id);
    await kept().forget(free.id);
    expect(await kept().begin(lost, NOW_MS)).toEqual({ state: 'lost', bodyHash: 'h1' });
    expect(await kept().begin({ ...free, bodyHash: 'h3' }, NOW_MS)).toBeNull();
    expect(await kept().find(free.id, NOW_MS)).toMatchObject({ bodyHash: 'h3' });
  });

  test('after its day a key is free, and its row is swept', async () => {
    const short = onceRow({ expiresMs: NOW_MS + 1_000 });
    const swept = onceRow({ expiresMs: NOW_MS + 1_000 });
    const long = onceRow({ expiresMs: NOW_MS + 2_000 });
    for (const row of [short, swept, long]) {
      await kept().begin(row, NOW_MS);
      await kept().finish(row.id, ANSWER);
    }
    expect(await kept().find(short.id, NOW_MS + 1_000)).toBeNull();
    const again = { ...short, bodyHash: 'h9', expiresMs: NOW_MS + 5_000 };
    expect(await kept().begin(again, NOW_MS + 1_000)).toBeNull();
    expect(await kept().find(short.id, NOW_MS + 1_000)).toMatchObject({
      state: 'running',
      bodyHash: 'h9',
    });
    expect(await kept().sweep(NOW_MS + 1_000, 100)).toBe(1);
    expect(await kept().sweep(NOW_MS + 1_000, 100)).toBe(0);
    expect(await kept().find(long.id, NOW_MS)).toMatchObject({ state: 'done' });
    expect(await kept().sweep(NOW_MS + 90_000_000, 1)).toBe(1);
  });

  test('what an account keeps is told, the greatest first', async () => {
    const many = onceRow({ accountId: 'many' });
    for (const row of [many, onceRow({ accountId: 'many' }), onceRow({ accountId: 'few' })]) {
      await kept().begin(row, NOW_MS);
    }
    await kept().finish(many.id, { ...ANSWER, body: new Uint8Array(1_000_000) });
    const use = await kept().use(100);
    expect(use.get('many')).toEqual({ rows: 2, bytes: 2 * ROW_BYTES + 1_000_000 });
    expect(use.get('few')).toEqual({ rows: 1, bytes: ROW_BYTES });
    expect([...(await kept().use(1)).keys()]).toEqual(['many']);
  });
});
