import { accessKeysSuite, endpointsSuite } from '../suites/access-suite.ts';
import { appsSuite } from '../suites/apps-suite.ts';
import { auditSuite, crashSuite } from '../suites/audit-suite.ts';
import { budgetsSuite, statementsSuite } from '../suites/budgets-suite.ts';
import { daysSuite } from '../suites/days-suite.ts';
import { idempotencySuite } from '../suites/idempotency-suite.ts';
import { changesSuite, keysSuite } from '../suites/keys-suite.ts';
import { entriesSuite, holdsSuite, settleSuite } from '../suites/ledger-suite.ts';
import { resourcesSuite } from '../suites/resources-suite.ts';
import { makeSqlitePlace } from './sqlite-place.ts';

for (const sync of ['commit', 'interval'] as const) {
  const name = `sqlite, sync ${sync}`;
  const make = () => makeSqlitePlace(sync);
  keysSuite(name, make);
  changesSuite(name, make);
  appsSuite(name, make);
  accessKeysSuite(name, make);
  endpointsSuite(name, make);
  resourcesSuite(name, make);
  idempotencySuite(name, make);
  daysSuite(name, make);
  holdsSuite(name, make);
  settleSuite(name, make);
  entriesSuite(name, make);
  budgetsSuite(name, make);
  statementsSuite(name, make);
  auditSuite(name, make);
  crashSuite(name, make);
}
