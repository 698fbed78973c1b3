/** The statements of the hot path, prepared once. Money is read as text: it may exceed 2^53. */
import type { Database, Statement } from 'bun:sqlite';

type Value = string | number | bigint | null;

export interface Statements {
  readonly begin: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  readonly insertHold: Statement<unknown, Value[]>;
  readonly findHold: Statement<
    {
      account_id: string;
      key_id: string;
      key_budgeted: number;
      hold: string;
      started_ms: number;
    },
    [string]
  >;
  readonly insertCall: Statement<unknown, Value[]>;
  readonly deleteHold: Statement<unknown, [string]>;
  readonly parkHold: Statement<unknown, [string | null, string]>;
  readonly insertEntry: Statement<unknown, Value[]>;
  readonly findEntry: Statement<{ cause: string }, [string]>;
  readonly readAccount: Statement<{ unlimited: number; balance: string; held: string }, [string]>;
  readonly writeAccount: Statement<unknown, [bigint, bigint, string]>;
  readonly readKey: Statement<{ budget: string | null; spent: string; held: string }, [string]>;
  readonly writeKey: Statement<unknown, [bigint, bigint, string]>;
  readonly keepPrice: Statement<unknown, [string, string]>;
  readonly parkOpen: Statement<unknown, [string]>;
}

export function prepareStatements(db: Database): Statements {
  return {
    begin: db.prepare('begin immediate'),
    commit: db.prepare('commit'),
    rollback: db.prepare('rollback'),
    insertHold: db.prepare(`insert into holds (id, account_id, key_id, key_budgeted, request_id,
      service, model, stream, hold, price_id, started_ms, state,
      endpoint)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)`),
    findHold: db.prepare(`select account_id, key_id, key_budgeted, cast(hold as text) as hold,
      started_ms from holds where id = ?`),
    insertCall: db.prepare(`insert into calls select id, account_id, key_id, key_budgeted,
      request_id, service, model, stream, hold, ?, started_ms, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
      ?, ?, ?, ?, ?, ?, ?, endpoint, ?, ? from holds where id = ?`),
    deleteHold: db.prepare('delete from holds where id = ?'),
    parkHold: db.prepare(`update holds set state = 'unknown', evidence = ? where id = ?`),
    insertEntry: db.prepare(`insert into entries (cause, from_account, to_account, amount, at_ms)
      values (?, ?, ?, ?, ?)`),
    findEntry: db.prepare('select cause from entries where cause = ?'),
    readAccount: db.prepare(`select unlimited, cast(balance as text) as balance,
      cast(held as text) as held from accounts where id = ?`),
    writeAccount: db.prepare('update accounts set balance = ?, held = ? where id = ?'),
    readKey: db.prepare(`select cast(budget as text) as budget, cast(spent as text) as spent,
      cast(held as text) as held from keys where id = ?`),
    writeKey: db.prepare('update keys set spent = ?, held = ? where id = ?'),
    keepPrice: db.prepare('insert into prices (id, text) values (?, ?) on conflict do nothing'),
    parkOpen: db.prepare(`update holds set state = 'unknown', evidence = ?
      where state = 'open' and id not in (select call_id from tasks)`),
  };
}
