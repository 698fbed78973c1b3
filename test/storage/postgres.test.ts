/** The storage suite on a real PostgreSQL. */
import { afterAll } from 'bun:test';
import { needs } from '../needs.ts';
import { accessKeysSuite, endpointsSuite } from '../suites/access-suite.ts';
import { appsSuite } from '../suites/apps-suite.ts';
import { auditSuite, crashSuite } from '../suites/audit-suite.ts';
import { budgetsSuite, statementsSuite } from '../suites/budgets-suite.ts';
import { daysSuite } from '../suites/days-suite.ts';
import { idempotencySuite } from '../suites/idempotency-suite.ts';
import { changesSuite, keysSuite } from '../suites/keys-suite.ts';
import { entriesSuite, holdsSuite, settleSuite } from '../suites/ledger-suite.ts';
import { resourcesSuite } from '../suites/resources-suite.ts';
import { type Cluster, findPostgres, startCluster } from './postgres-cluster.ts';
import { makePostgresPlace } from './postgres-place.ts';

const name = 'postgres';
if (findPostgres() === null) {
  needs('postgres')('the storage suite on PostgreSQL', () => undefined);
} else {
  let starting: Promise<Cluster> | undefined;
  const cluster = (): Promise<Cluster> => {
    starting ??= startCluster();
    return starting;
  };
  const make = async () => makePostgresPlace(await cluster());
  afterAll(async () => (await starting)?.dispose());
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
