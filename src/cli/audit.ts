/** `gangway audit`: proves that the books balance. */
import { formatMoney } from '../kit/money.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags } from './flags.ts';
import { printJson, printLine } from './print.ts';

export const AUDIT_HELP = `gangway audit [--json]

Checks every account, hold, charge and entry against each other. Exits 1 where they disagree.`;

export async function audit(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, COMMON_FLAGS, AUDIT_HELP);
  if (flags === null) return 0;
  const { store, settings } = await boot(flags.values);
  try {
    const books = await store.ledger.audit();
    const shown = {
      balanced: books.balanced,
      problems: books.problems,
      accounts: books.accounts,
      entries: books.entries,
      calls: books.calls,
      open_holds: books.openHolds,
      task_holds: books.taskHolds,
      unknown: books.unknown,
      charged: books.charged,
      released: books.released,
      sum: formatMoney(books.sum),
      charged_total: formatMoney(books.chargedTotal),
      currency: settings.currency,
    };
    if (flags.values.json === true) printJson(shown);
    else
      for (const [name, value] of Object.entries(shown)) printLine(`${name.padEnd(14)} ${value}`);
    return books.balanced ? 0 : 1;
  } finally {
    await store.close();
  }
}
