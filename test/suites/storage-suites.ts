/** Every suite that a store must pass. */
import { accessKeysSuite, endpointsSuite } from './access-suite.ts';
import { appsSuite } from './apps-suite.ts';
import { auditSuite, crashSuite } from './audit-suite.ts';
import { budgetsSuite, statementsSuite } from './budgets-suite.ts';
import { daysSuite, usageSuite } from './days-suite.ts';
import { deliveriesSuite } from './deliveries-suite.ts';
import { idempotencySuite } from './idempotency-suite.ts';
import { changesSuite, keysSuite } from './keys-suite.ts';
import { entriesSuite, holdsSuite, settleSuite } from './ledger-suite.ts';
import { namedTasksSuite } from './named-tasks-suite.ts';
import { noticesSuite } from './notices-suite.ts';
import { resourcesSuite } from './resources-suite.ts';
import { responsesSuite } from './responses-suite.ts';
import { resultsSuite } from './results-suite.ts';
import type { MakePlace } from './storage-rig.ts';
import { taskHandsSuite } from './task-hands-suite.ts';
import { taskLooksSuite } from './task-looks-suite.ts';
import { taskRepeatsSuite } from './task-repeats-suite.ts';
import { tasksSuite } from './tasks-suite.ts';
import { webhooksSuite } from './webhooks-suite.ts';

const SUITES = [
  keysSuite,
  changesSuite,
  appsSuite,
  accessKeysSuite,
  endpointsSuite,
  idempotencySuite,
  daysSuite,
  usageSuite,
  noticesSuite,
  taskHandsSuite,
  resourcesSuite,
  responsesSuite,
  tasksSuite,
  taskLooksSuite,
  resultsSuite,
  webhooksSuite,
  deliveriesSuite,
  namedTasksSuite,
  taskRepeatsSuite,
  holdsSuite,
  settleSuite,
  entriesSuite,
  budgetsSuite,
  statementsSuite,
  auditSuite,
  crashSuite,
];

export function storageSuites(name: string, make: MakePlace): void {
  for (const suite of SUITES) suite(name, make);
}
