/**
 * Who carries calls. Each node has a lease by the database's clock; calls of one whose lease ended
 * are parked by the others. A node that comes back still settles its parked calls, each once.
 */
import type pg from 'pg';
import { every } from '../../kit/clock.ts';
import { newId } from '../../kit/ids.ts';
import type { Log } from '../../kit/log.ts';
import { GONE_EVIDENCE } from '../evidence.ts';

/** A lease is renewed so many times before it would end. */
const RENEWALS = 3;
/** Calls parked by one statement. */
const PARK_ROWS_MAX = 1_000;
/** Leases that ended this long ago are forgotten. */
const FORGET_MS = 86_400_000;

const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

const RENEW = `insert into nodes (id, started_ms, lease_until_ms)
  values ($1, ${NOW_MS}, ${NOW_MS} + $2)
  on conflict (id) do update set lease_until_ms = excluded.lease_until_ms`;
const FORGET = `delete from nodes where lease_until_ms < ${NOW_MS} - $1`;
const LEAVE = 'delete from nodes where id = $1';
/** Rows that somebody settles at this moment are passed over: they need no parking. */
const PARK = `with gone as (
    select id from holds h where state = 'open' and node is distinct from $1
      and not exists (select 1 from tasks t where t.call_id = h.id) and not exists (
      select 1 from nodes n where n.id = h.node and n.lease_until_ms > ${NOW_MS})
    order by id limit ${PARK_ROWS_MAX} for update skip locked)
  update holds h set state = 'unknown', evidence = $2 from gone where h.id = gone.id`;

export interface TenureDeps {
  readonly pool: pg.Pool;
  readonly leaseMs: number;
  readonly log: Log;
}

export class Tenure {
  /** Stands with each call that this process carries. */
  readonly id = newId('node');
  readonly #deps: TenureDeps;
  #stopTimer = (): void => undefined;
  #joined = false;
  #busy = false;

  constructor(deps: TenureDeps) {
    this.#deps = deps;
  }

  async join(parked: (calls: number) => void): Promise<void> {
    const { pool, leaseMs, log } = this.#deps;
    await this.#renew();
    this.#joined = true;
    await pool.query(FORGET, [FORGET_MS]);
    parked(await this.parkOpen(GONE_EVIDENCE));
    this.#stopTimer = every(leaseMs / RENEWALS, () => {
      if (this.#busy) return;
      this.#busy = true;
      this.#renew()
        .then(() => this.parkOpen(GONE_EVIDENCE))
        .then(parked)
        .catch((error: unknown) => log.error('the lease of this node was not renewed', { error }))
        .finally(() => {
          this.#busy = false;
        });
    });
  }

  async #renew(): Promise<void> {
    await this.#deps.pool.query(RENEW, [this.id, this.#deps.leaseMs]);
  }

  /** Calls of nodes that have no lease; never this node's own. */
  async parkOpen(evidence: string): Promise<number> {
    let parked = 0;
    for (;;) {
      const { rowCount } = await this.#deps.pool.query(PARK, [this.id, evidence]);
      parked += rowCount ?? 0;
      if ((rowCount ?? 0) < PARK_ROWS_MAX) return parked;
    }
  }

  /** Whatever is still open is for the others, at once. */
  async leave(): Promise<void> {
    this.#stopTimer();
    if (!this.#joined) return;
    this.#joined = false;
    await this.#deps.pool.query(LEAVE, [this.id]).catch((error: unknown) => {
      this.#deps.log.warn('this node leaves without a word; its lease will end', { error });
    });
  }
}
