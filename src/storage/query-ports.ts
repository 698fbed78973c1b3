/** Everything off the hot path: the same queries on every database. */
import type { Kysely } from 'kysely';
import { accessKeyQueries } from './access-key-queries.ts';
import { actQueries } from './act-queries.ts';
import { appQueries } from './app-queries.ts';
import { budgetQueries } from './budget-queries.ts';
import { callQueries } from './call-queries.ts';
import { endpointQueries } from './endpoint-queries.ts';
import { idempotencyQueries } from './idempotency-queries.ts';
import { alarmQueries, noticeQueries } from './notice-queries.ts';
import type { Store } from './ports.ts';
import { accountQueries, type Changes, keyQueries } from './queries.ts';
import { resourceQueries } from './resource-queries.ts';
import { responseQueries } from './response-queries.ts';
import { resultQueries } from './result-queries.ts';
import type { Schema } from './schema.ts';
import { statementQueries } from './statement-queries.ts';
import { taskQueries } from './task-queries.ts';
import { deliveryQueries, webhookQueries } from './webhook-queries.ts';

export function queryPorts(
  db: Kysely<Schema>,
  changes: Changes,
): Omit<Store, 'ledger' | 'join' | 'ping' | 'close'> {
  return {
    keys: keyQueries(db, changes),
    apps: appQueries(db, changes),
    accessKeys: accessKeyQueries(db, changes),
    endpoints: endpointQueries(db, changes),
    resources: resourceQueries(db),
    accounts: accountQueries(db),
    budgets: budgetQueries(db, changes),
    statements: statementQueries(db),
    calls: callQueries(db),
    idempotency: idempotencyQueries(db),
    responses: responseQueries(db),
    tasks: taskQueries(db),
    results: resultQueries(db),
    webhooks: webhookQueries(db),
    deliveries: deliveryQueries(db),
    acts: actQueries(db),
    notices: noticeQueries(db),
    alarms: alarmQueries(db),
  };
}
