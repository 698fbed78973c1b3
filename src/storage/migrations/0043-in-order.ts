import { type Kysely, sql } from 'kysely';

/**
 * Events of one task are told in the order of the task, and not of the clocks of the nodes that
 * wrote them down. What waits is counted without reading what is done. How often a task was
 * written tells other nodes that there is something to see.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('deliveries')
    .addColumn('place', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.dropIndex('deliveries_in_order').execute();
  await db.schema
    .createIndex('deliveries_waiting')
    .on('deliveries')
    .columns(['target', 'subject', 'place'])
    .where(sql.ref('state'), '=', 'pending')
    .execute();
  await db.schema.dropIndex('deliveries_due').execute();
  await db.schema
    .createIndex('deliveries_due')
    .on('deliveries')
    .columns(['next_ms', 'target'])
    .where(sql.ref('state'), '=', 'pending')
    .execute();
  await db.schema.createIndex('deliveries_by_end').on('deliveries').columns(['ended_ms']).execute();
  await db.schema
    .alterTable('tasks')
    .addColumn('saves', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
}
