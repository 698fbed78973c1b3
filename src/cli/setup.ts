/** `gangway check`: what one does before a start. */
import { loadCatalog } from '../catalog/load.ts';
import { readEnv } from '../kit/env.ts';
import { SECRET_PREFIX } from '../tasks/webhooks/sign.ts';
import { COMMON_FLAGS } from './boot.ts';
import { parseFlags } from './flags.ts';
import { operatorReceivers } from './notice-parts.ts';
import { ownPrices } from './price-settings.ts';
import { printJson, printLine } from './print.ts';
import { openSecrets } from './secrets.ts';
import { loadSettings } from './settings.ts';
import { readTls } from './tls.ts';
import { configureUpstreams, listPlaces } from './upstreams.ts';

export const CHECK_HELP = `gangway check [--config FILE] [--json]

Reads the settings and the catalogue as a start would, and says what is wrong. Starts nothing.`;

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
  const secrets = openSecrets(settings, env);
  const { upstreams, models } = await configureUpstreams(settings, env, secrets);
  await operatorReceivers(settings, secrets, SECRET_PREFIX);
  const own = ownPrices(settings, listPlaces(upstreams));
  const catalog = loadCatalog(models, own);
  const priced = new Set(own.map(({ model }) => model)).size;
  const ids = upstreams.map((upstream) => upstream.id);
  if (flags.values.json === true) {
    printJson({ ok: true, upstreams: ids, models: catalog.list().length, prices: priced });
  } else {
    const sold = priced === 0 ? '' : ` Models at prices of your own: ${priced}.`;
    printLine(
      `Settings are good. Upstreams: ${ids.join(', ') || 'none (the sandbox would start)'}.${sold}`,
    );
  }
  return 0;
}
