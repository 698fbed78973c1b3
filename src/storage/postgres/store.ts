/** The shared store: one PostgreSQL for any number of nodes. */
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import type { Log } from '../../kit/log.ts';
import { requireSchema } from '../migrate.ts';
import type { Store } from '../ports.ts';
import { queryPorts } from '../query-ports.ts';
import type { Schema } from '../schema.ts';
import { watchChanges } from './changes.ts';
import { guardPool, openPool } from './connect.ts';
import { PostgresLedger } from './ledger.ts';
import { migratePostgres } from './migrate.ts';
import { Tenure } from './tenure.ts';

export interface PostgresOptions {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** Connections for everything but the books, at most. */
  readonly connectionsMax: number;
  /** How long a node that is not heard of counts as alive. */
  readonly leaseMs: number;
  /** Without it, a schema that is not up to date is refused. */
  readonly migrate: boolean;
  readonly log: Log;
}

/** Two groups at once, the lease, and one to spare. */
const LEDGER_CONNECTIONS = 4;
const LEDGER_STATEMENT_MS = 5_000;
const QUERY_STATEMENT_MS = 30_000;
const VERSION_MIN = 150_000;

/** Opens the store, and migrates it where that is wanted. Throws with words for the operator. */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const { url, log } = options;
  const queries = openPool({
    url,
    connectionsMax: options.connectionsMax,
    statementTimeoutMs: QUERY_STATEMENT_MS,
    log,
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: guardPool(queries) }) });
  try {
    await requireVersion(queries).catch((error: unknown) => {
      throw new Error('PostgreSQL cannot be used', { cause: error });
    });
    if (options.migrate) await migratePostgres(url, log);
    else await requireSchema(db, 'postgres');
  } catch (error) {
    await queries.end();
    throw error;
  }
  const books = openPool({
    url,
    connectionsMax: LEDGER_CONNECTIONS,
    statementTimeoutMs: LEDGER_STATEMENT_MS,
    log,
  });
  const tenure = new Tenure({ pool: books, leaseMs: options.leaseMs, log });
  const ledger = new PostgresLedger({ url, pool: books, tenure, log });
  const changes = watchChanges({ url, pool: queries, log });
  return {
    ...queryPorts(db, changes),
    ledger,
    join: (parked) => tenure.join(parked),
    async ping() {
      await books.query('select 1');
    },
    async close() {
      await ledger.stop();
      await tenure.leave();
      await changes.stop();
      await Promise.all([books.end(), queries.end()]);
    },
  };
}

async function requireVersion(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ server_version_num: string; server_version: string }>(
    `select current_setting('server_version_num') as server_version_num,
      current_setting('server_version') as server_version`,
  );
  if (Number(rows[0]?.server_version_num) >= VERSION_MIN) return;
  throw new Error(`PostgreSQL ${rows[0]?.server_version} is too old: 15 or newer is needed.`);
}
