/** The audit: good books pass, and each kind of damage is named. */
import { describe, expect, test } from 'bun:test';
import type { Store } from '../../src/storage/ports.ts';
import {
  auditGood,
  holdRow,
  type MakePlace,
  makePurse,
  nextName,
  type StorePlace,
  settleRow,
} from './storage-rig.ts';

interface Books {
  readonly place: StorePlace;
  readonly store: Store;
  readonly account: string;
  readonly key: string;
  readonly open: string;
  readonly charged: string;
  readonly released: string;
}

/** One call of each sort, in books that balance. */
async function goodBooks(make: MakePlace): Promise<Books> {
  const place = await make();
  const store = await place.open();
  const purse = await makePurse(store, 1_000n, 900n);
  const { accountId } = purse;
  for (const unit of ['money', 'tokens'] as const) {
    const name = { scope: 'account', ownerId: accountId, period: 'day', unit } as const;
    const id = nextName('budget');
    await store.budgets.set({ id, accountId, ...name, limit: 900n, createdMs: 1 });
  }
  const rows = [30n, 40n, 50n].map((amount) => holdRow(purse, amount));
  for (const row of rows) await store.ledger.hold(row);
  const [open, charged, released] = rows.map((row) => row.id) as [string, string, string];
  await store.ledger.settle(settleRow(charged, 25n));
  await store.ledger.settle(settleRow(released, 0n));
  await auditGood(store);
  return { place, store, account: purse.accountId, key: purse.key.id, open, charged, released };
}

function insertTask(callId: string, endedMs: number | null): string {
  const id = nextName('task');
  return `insert into tasks (id, account_id, key_id, call_id, mount, native_id, kind, model,
      upstream, phase, state, created_ms, ended_ms, next_ms, token, job, doc)
    values ('${id}', 'default', 'k', '${callId}', '', '${id}', 'text_to_video', 'm', 'u',
      '${endedMs === null ? 'polling' : 'done'}', 'queued', 1, ${endedMs}, 1, '${id}', '{}', '{}')`;
}

type Damage = readonly [name: string, sql: (books: Books) => string, says: RegExp];

const DAMAGES: readonly Damage[] = [
  [
    'money out of nothing',
    (books) => `update accounts set balance = balance + 1 where id = '${books.account}'`,
    /account balance differs.*sum over all accounts is 1/s,
  ],
  [
    'money moved without an entry',
    (books) =>
      `update accounts set balance = balance + case id when 'house' then 1 else -1 end
       where id in ('house', '${books.account}')`,
    /account balance differs/,
  ],
  [
    'an entry taken away',
    (books) => `delete from entries where cause = 'charge:${books.charged}'`,
    /account balance differs.*charge of a call differs/s,
  ],
  [
    'an entry of another amount',
    (books) => `update entries set amount = 24 where cause = 'charge:${books.charged}'`,
    /charge of a call differs/,
  ],
  [
    'money that is held for a task that there is not',
    (books) => `update holds set service = 'task' where id = '${books.open}'`,
    /money is held for a task that there is not: 1/,
  ],
  [
    'a task that has ended and still holds money',
    (books) => insertTask(books.open, 5),
    /task that has ended still holds money: 1/,
  ],
  [
    'a task that nobody pays for',
    () => insertTask('call_none', null),
    /task is under way and nothing is held for it: 1/,
  ],
  [
    'an account that holds too much',
    (books) => `update accounts set held = held + 5 where id = '${books.account}'`,
    /account holds differ/,
  ],
  [
    'an open call that nobody holds for',
    (books) => `delete from holds where id = '${books.open}'`,
    /account holds differ.*key holds differ/s,
  ],
  [
    'a key that holds too much',
    (books) => `update keys set held = held + 5 where id = '${books.key}'`,
    /key holds differ/,
  ],
  [
    'a key that forgot what it spent',
    (books) => `update keys set spent = 0 where id = '${books.key}'`,
    /key spending differs/,
  ],
  [
    'a limited account below zero',
    (books) => `update accounts set balance = -1 where id = '${books.account}'`,
    /below zero/,
  ],
  [
    'a call that says it cost less',
    (books) => `update calls set charge = 1 where id = '${books.charged}'`,
    /charge of a call differs/,
  ],
  [
    'a released call that was charged',
    (books) => `update calls set state = 'released' where id = '${books.charged}'`,
    /not charged has an entry/,
  ],
  [
    'a charge whose call is gone',
    (books) => `delete from calls where id = '${books.charged}'`,
    /charge without a call/,
  ],
  [
    'a charge of another account',
    (books) =>
      `update entries set from_account = 'default' where cause = 'charge:${books.charged}'`,
    /not from the account of its call.*usage of an account differs/s,
  ],
  [
    'a budget that forgot what was spent',
    () => 'update budget_windows set spent = 0',
    /budget spending differs from its calls: 2/,
  ],
  [
    'a budget that holds too much',
    () => 'update budget_windows set held = held + 1',
    /budget holds differ from its unsettled calls: 2/,
  ],
  [
    'a budget whose day is gone',
    () => 'delete from budget_windows',
    /budget spending differs.*budget holds differ/s,
  ],
  [
    'an account that does not know of its budgets',
    (books) => `update accounts set budgeted = 1 where id = '${books.account}'`,
    /another number of budgets/,
  ],
  [
    'a call that has ended and is still held',
    (books) => `insert into holds (id, account_id, key_id, key_budgeted, request_id, service,
      model, stream, hold, started_ms, state) select id, account_id, key_id, key_budgeted,
      request_id, service, model, stream, hold, started_ms, 'open' from calls
      where id = '${books.released}'`,
    /call is both open and ended/,
  ],
];

export function auditSuite(name: string, make: MakePlace): void {
  describe(`${name}: the audit`, () => {
    test('counts what there is', async () => {
      const { place, store } = await goodBooks(make);
      expect(await store.ledger.audit()).toEqual({
        balanced: true,
        problems: [],
        accounts: 4,
        entries: 2,
        calls: 3,
        openHolds: 1,
        taskHolds: 0,
        unknown: 0,
        charged: 1,
        released: 1,
        sum: 0n,
        chargedTotal: 25n,
      });
      await place.dispose();
    });

    test.each(DAMAGES)('names %s', async (_, sql, says) => {
      const books = await goodBooks(make);
      await books.place.tamper(sql(books));
      const audit = await books.store.ledger.audit();
      expect(audit.balanced).toBeFalse();
      expect(audit.problems.join('\n')).toMatch(says);
      await books.place.dispose();
    });

    test('many of one kind are one line with examples', async () => {
      const { place, store } = await goodBooks(make);
      for (let at = 0; at < 8; at += 1) {
        const id = nextName('account');
        await store.accounts.insert({ id, name: id, unlimited: true, createdMs: 1 });
      }
      await place.tamper("update accounts set held = 1 where id like 'account_%'");
      const { problems } = await store.ledger.audit();
      expect(problems.length).toBe(1);
      expect(problems[0]).toMatch(/holds differ.*: 9 \((\S+, ){4}\S+\)$/);
      await place.dispose();
    });
  });
}

/** A process that died: its open calls are parked, their money stays held. */
export function crashSuite(name: string, make: MakePlace): void {
  describe(`${name}: the next start`, () => {
    test('parks open calls as unknown, once, and keeps their holds', async () => {
      const books = await goodBooks(make);
      const next = await books.place.open();
      expect(await next.ledger.parkOpen('the process died')).toBe(1);
      expect(await next.ledger.parkOpen('again')).toBe(0);
      expect(await next.calls.byId(books.open)).toMatchObject({
        state: 'unknown',
        endReason: 'crash',
        evidence: 'the process died',
      });
      expect(await auditGood(next)).toMatchObject({ openHolds: 0, unknown: 1 });
      expect((await next.accounts.byName(books.account))?.held).toBe(30n);
      expect(await next.ledger.settle(settleRow(books.open, 9n))).toBe('settled');
      expect(await auditGood(next)).toMatchObject({ unknown: 0, charged: 2 });
      await books.place.dispose();
    });

    test('a first start has nothing to park', async () => {
      const place = await make();
      const store = await place.open();
      expect(await store.ledger.parkOpen('nothing')).toBe(0);
      expect(await auditGood(store)).toMatchObject({ accounts: 3, calls: 0, sum: 0n });
      await place.dispose();
    });
  });
}
