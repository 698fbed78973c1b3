/** Gangway. Every way of starting comes through here. */
import { runCommand } from './cli/main.ts';

/** Bun's fetch carries 256 requests at once unless told otherwise, before it starts. */
const REQUESTS_VARIABLE = 'BUN_CONFIG_MAX_HTTP_REQUESTS';
const REQUESTS_MAX = '65535';

if (process.env[REQUESTS_VARIABLE] === undefined && process.execve !== undefined) {
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, argv, { ...process.env, [REQUESTS_VARIABLE]: REQUESTS_MAX });
}
const status = await runCommand(process.argv.slice(2));
// A pipe takes what is written in its own time; leaving earlier would cut it off.
process.stdout.end(() => process.exit(status));
