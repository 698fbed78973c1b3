/** Picks the command. A mistake at the keyboard is answered in words, the rest with its cause. */
import { ACCESS_KEYS_HELP, accessKeys } from './access-keys.ts';
import { ACCOUNTS_HELP, accounts } from './accounts.ts';
import { APPS_HELP, apps } from './apps.ts';
import { AUDIT_HELP, audit } from './audit.ts';
import { BUDGETS_HELP, budgets } from './budgets.ts';
import { KEYS_HELP, keys } from './keys.ts';
import { MIGRATE_HELP, migrate } from './migrate.ts';
import { NGINX_HELP, nginx } from './nginx.ts';
import { NOTICES_HELP, notices } from './notices.ts';
import { printLine } from './print.ts';
import { RECONCILE_HELP, reconcileCommand } from './reconcile.ts';
import { sandbox } from './sandbox-process.ts';
import { SERVE_HELP, serve } from './serve.ts';
import { CHECK_HELP, check } from './setup.ts';
import { STATEMENT_HELP, statement } from './statement.ts';
import { TASKS_HELP, tasksByHand } from './tasks-by-hand.ts';
import { USAGE_HELP, usage } from './usage.ts';

type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = Object.freeze({
  serve,
  sandbox,
  keys,
  apps,
  'access-keys': accessKeys,
  accounts,
  budgets,
  statement,
  usage,
  tasks: tasksByHand,
  notices,
  audit,
  reconcile: reconcileCommand,
  migrate,
  check,
  nginx,
});

const HELP = [
  'gangway COMMAND [--help] [--data DIR] [--config FILE] [--json]',
  SERVE_HELP,
  'gangway sandbox [--listen HOST:PORT] [--list] [--json]\n\nFake vendors, to try things offline.',
  KEYS_HELP,
  APPS_HELP,
  ACCESS_KEYS_HELP,
  ACCOUNTS_HELP,
  BUDGETS_HELP,
  STATEMENT_HELP,
  USAGE_HELP,
  TASKS_HELP,
  NOTICES_HELP,
  AUDIT_HELP,
  RECONCILE_HELP,
  MIGRATE_HELP,
  CHECK_HELP,
  NGINX_HELP,
].join('\n\n');

const USAGE_EXIT = 2;

/** Exit status: 0 good, 1 failed, 2 not understood. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const command = name === undefined ? undefined : COMMANDS[name];
  if (command === undefined) {
    printLine(HELP);
    return name === undefined || name === 'help' || name === '--help' ? 0 : USAGE_EXIT;
  }
  try {
    return await command(rest);
  } catch (error) {
    const usage = error instanceof Error && error.name === 'UsageError';
    process.stderr.write(`gangway ${name}: ${explain(error)}\n`);
    return usage ? USAGE_EXIT : 1;
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return error.message + cause;
}
