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
import type { Log } from '../../kit/log.ts';
import { migrate, missingMigrations } from '../migrate.ts';
import type { Schema } from '../schema.ts';
import { openPool } from './connect.ts';

/** Of the advisory lock: any number, the same for all. */
const LOCK = 6_420_115_826;
/** One that holds the lock, one that works. */
const CONNECTIONS = 3;

/** Answers the migrations that this call made. */
export async function migratePostgres(url: string, log: Log): Promise<readonly string[]> {
  const pool = openPool({ url, connectionsMax: CONNECTIONS, statementTimeoutMs: 0, log });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    if ((await missingMigrations(db, 'postgres')).length === 0) return [];
    const guard = await pool.connect();
    try {
      await guard.query('select pg_advisory_lock($1)', [LOCK]);
      return await migrate(db.withPlugin(new ByteOrder()), 'postgres');
    } finally {
      // Ends the session, and the lock with it.
      guard.release(true);
    }
  } finally {
    await db.destroy();
  }
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
