/** `gangway migrate`: brings the schema up to date before a start. */
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags } from './flags.ts';
import { printJson, printLine } from './print.ts';

export const MIGRATE_HELP = `gangway migrate

Brings the database up to date, also where storage.migrate is off. Several nodes may run it at
once: one does the work, the others wait for it. A newer schema is refused.`;

export async function migrate(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, COMMON_FLAGS, MIGRATE_HELP);
  if (flags === null) return 0;
  const { store, settings, database } = await boot(flags.values, { migrate: true });
  await store.close();
  if (flags.values.json === true) {
    printJson({ migrated: true, database, data_dir: settings.data_dir });
  } else printLine(`The database ${database} is up to date.`);
  return 0;
}
