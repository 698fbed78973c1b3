/** The schema on PostgreSQL: by one node at a time, whoever else starts at the same moment. */
import {
  type ColumnDefinitionNode,
  DataTypeNode,
  Kysely,
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  PostgresDialect,
  type QueryId,
  RawNode,
  type RootOperationNode,
} from 'kysely';
import type pg from 'pg';
import type { Log } from '../../kit/log.ts';
import { migrate, missingMigrations } from '../migrate.ts';
import type { Schema } from '../schema.ts';
import { openPool } from './connect.ts';

/** Of the advisory lock: any number, the same for all. */
const LOCK = 6_420_115_826;
/** One that holds the lock, one that works. */
const CONNECTIONS = 3;

/** Tables that nodes keep in memory, and the columns in them that calls change. */
const WATCHED = ['keys', 'apps', 'access_keys', 'endpoints', 'budgets', 'accounts'];
const SPENT = ['spent', 'held', 'balance', 'budgeted'];

/** Answers the migrations that this call made. */
export async function migratePostgres(url: string, log: Log): Promise<readonly string[]> {
  const pool = openPool({ url, connectionsMax: CONNECTIONS, statementTimeoutMs: 0, log });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    if ((await missingMigrations(db, 'postgres')).length === 0) return [];
    const guard = await pool.connect();
    try {
      await guard.query('select pg_advisory_lock($1)', [LOCK]);
      const made = await migrate(db.withPlugin(new ByteOrder()), 'postgres');
      await watchTables(pool);
      return made;
    } finally {
      // Ends the session, and the lock with it.
      guard.release(true);
    }
  } finally {
    await db.destroy();
  }
}

/** A change of any other column is told; of one that a later migration added as well. */
async function watchTables(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ words: string }>(
    `select format('create or replace trigger tell_change after insert or delete or update of %s
        on %I for each statement execute function tell_change()',
        string_agg(quote_ident(column_name), ', '), table_name) as words
      from information_schema.columns where table_schema = current_schema()
        and table_name = any($1::text[]) and column_name <> all($2::text[]) group by table_name`,
    [WATCHED, SPENT],
  );
  for (const { words } of rows) await pool.query(words);
}

/** Ids sort by time as bytes; a language's own order would mix capitals and small letters. */
class ByteOrder extends OperationNodeTransformer implements KyselyPlugin {
  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return this.transformNode(node, queryId);
  }

  async transformResult({ result }: PluginTransformResultArgs) {
    return result;
  }

  protected override transformColumnDefinition(
    node: ColumnDefinitionNode,
    queryId?: QueryId,
  ): ColumnDefinitionNode {
    const column = super.transformColumnDefinition(node, queryId);
    const { dataType } = column;
    if (!DataTypeNode.is(dataType) || dataType.dataType !== 'text') return column;
    return { ...column, dataType: RawNode.createWithSql('text collate "C"') };
  }
}
