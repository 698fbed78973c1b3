/** All migrations in order. A name, once released, never changes. */
import type { Migration } from 'kysely/migration';
import * as first from './0001-first.ts';
import * as accessKeys from './0002-access-keys.ts';
import * as endpoints from './0003-endpoints.ts';
import * as apps from './0004-apps.ts';
import * as units from './0005-units.ts';
import * as budgets from './0006-budgets.ts';
import * as resources from './0006-resources.ts';
import * as nodes from './0007-nodes.ts';
import * as tasks from './0008-tasks.ts';
import * as results from './0009-results.ts';
import * as webhooks from './0009-webhooks.ts';
import * as rescue from './0010-rescue.ts';
import * as jsonCaps from './0014-json-caps.ts';
import * as counters from './0020-counters.ts';
import * as idempotency from './0021-idempotency.ts';
import * as responses from './0030-responses.ts';
import * as taskRepeats from './0041-task-repeats.ts';
import * as notices from './0042-notices.ts';
import * as inOrder from './0043-in-order.ts';
import * as ownNames from './0044-own-names.ts';
import type { Flavour } from './flavour.ts';

export function listMigrations(flavour: Flavour): Readonly<Record<string, Migration>> {
  return {
    '0001-first': { up: (db) => first.up(db, flavour) },
    '0002-access-keys': { up: (db) => accessKeys.up(db) },
    '0003-endpoints': { up: (db) => endpoints.up(db) },
    '0004-apps': { up: (db) => apps.up(db) },
    '0005-units': { up: (db) => units.up(db) },
    '0006-budgets': { up: (db) => budgets.up(db, flavour) },
    '0007-nodes': { up: (db) => nodes.up(db, flavour) },
    '0006-resources': { up: (db) => resources.up(db) },
    '0008-tasks': { up: (db) => tasks.up(db) },
    '0009-results': { up: (db) => results.up(db) },
    '0009-webhooks': { up: (db) => webhooks.up(db) },
    '0010-rescue': { up: (db) => rescue.up(db) },
    '0014-json-caps': { up: (db) => jsonCaps.up(db) },
    '0020-counters': { up: (db) => counters.up(db, flavour) },
    '0021-idempotency': { up: (db) => idempotency.up(db, flavour) },
    '0030-responses': { up: (db) => responses.up(db) },
    '0043-in-order': { up: (db) => inOrder.up(db) },
    '0041-task-repeats': { up: (db) => taskRepeats.up(db) },
    '0044-own-names': { up: (db) => ownNames.up(db) },
    '0042-notices': { up: (db) => notices.up(db) },
  };
}
