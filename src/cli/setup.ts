/** `gangway migrate` and `gangway check`: what one does before a start. */
import { loadCatalog } from '../catalog/load.ts';
import { readEnv } from '../kit/env.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags } from './flags.ts';
import { printJson, printLine } from './print.ts';
import { openSecrets } from './secrets.ts';
import { loadSettings } from './settings.ts';
import { readTls } from './tls.ts';
import { configureUpstreams } from './upstreams.ts';

export const MIGRATE_HELP = `gangway migrate

Brings the database up to date. "serve" does so by itself; this is for doing it beforehand.`;

export const CHECK_HELP = `gangway check [--config FILE] [--json]

Reads the settings and the catalogue as a start would, and says what is wrong. Starts nothing.`;

export async function migrate(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, COMMON_FLAGS, MIGRATE_HELP);
  if (flags === null) return 0;
  const { store, settings } = await boot(flags.values);
  await store.close();
  if (flags.values.json === true) printJson({ migrated: true, data_dir: settings.data_dir });
  else printLine(`The database in ${settings.data_dir} is up to date.`);
  return 0;
}

export async function check(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, COMMON_FLAGS, CHECK_HELP);
  if (flags === null) return 0;
  const env = readEnv();
  const settings = loadSettings({
    env,
    file: flags.values.config ?? null,
    flags: { data_dir: flags.values.data },
  });
  readTls(settings);
  const { upstreams, models } = await configureUpstreams(settings, env, openSecrets(settings, env));
  const catalog = loadCatalog(models);
  const ids = upstreams.map((upstream) => upstream.id);
  if (flags.values.json === true) {
    printJson({ ok: true, upstreams: ids, models: catalog.list().length });
  } else {
    printLine(
      `Settings are good. Upstreams: ${ids.join(', ') || 'none (the sandbox would start)'}.`,
    );
  }
  return 0;
}
