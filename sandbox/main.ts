/** `bun sandbox/main.ts`: starts the sandbox as a program of its own. */
import { parseArgs } from 'node:util';
import { FAULTS, MODEL_PATTERNS } from './faults.ts';
import { MOUNTS } from './mounts.ts';
import { describe, describeModels, PAUSE_MS, startSandbox } from './server.ts';
import { JOB_MS, PROMPTS } from './tasks/jobs.ts';
import { JOB_VENDORS } from './tasks/server.ts';

const LISTEN_DEFAULT = '127.0.0.1:8421';
const HELP = `Usage: bun sandbox/main.ts [options]

Fake vendors of models, with faults on demand. Nothing leaves this machine.

  --listen HOST:PORT   where to listen (default ${LISTEN_DEFAULT}; port 0 takes a free one)
  --pause-ms N         pause between the chunks of a stream (default ${PAUSE_MS})
  --job-ms N           how long a job takes (default ${JOB_MS})
  --link-ms N          how long the link of a result lives (default: as each vendor says)
  --json               print one JSON line once ready
  --list               print models and faults, and exit; with --json as JSON
  --with-parent        end when standard input ends
  --help               print this
`;

function readArguments() {
  const { values } = parseArgs({
    options: {
      listen: { type: 'string', default: LISTEN_DEFAULT },
      'pause-ms': { type: 'string', default: String(PAUSE_MS) },
      'job-ms': { type: 'string', default: String(JOB_MS) },
      'link-ms': { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const listen = /^\[?([^[\]]+)\]?:(\d{1,5})$/.exec(values.listen);
  if (listen === null) throw new Error(`--listen wants HOST:PORT, not ${values.listen}`);
  for (const name of ['pause-ms', 'job-ms', 'link-ms'] as const) {
    const said = values[name];
    if (said !== undefined && !/^\d{1,9}$/.test(said)) throw new Error(`--${name} wants a number`);
  }
  return {
    ...values,
    host: listen[1]!,
    port: Number(listen[2]),
    pauseMs: Number(values['pause-ms']),
    jobMs: Number(values['job-ms']),
    ...(values['link-ms'] === undefined ? {} : { linkMs: Number(values['link-ms']) }),
  };
}

function listText(): string {
  const rows = [...MODEL_PATTERNS, ...FAULTS].map(({ model, what }) => `  ${model}: ${what}`);
  const all = [...MOUNTS, ...JOB_VENDORS];
  const vendors = all.map(({ path, key }) => `  ${path}  ${key ?? '(no key)'}`);
  const prompts = PROMPTS.map(({ word, what }) => `  ${word}: ${what}`);
  const parts = [
    ['Vendors (base path, key):', vendors],
    ['Models:', rows],
    ['Words in the prompt of a job:', prompts],
  ] as const;
  return `${parts.map(([title, lines]) => `${title}\n${lines.join('\n')}`).join('\n\n')}\n`;
}

function readyText(url: string): string {
  const [ark] = MOUNTS;
  return (
    `Sandbox of ${MOUNTS.length + JOB_VENDORS.length} mounts at ${url}, for example:\n` +
    `  base URL ${url}${ark!.path}\n  key      ${ark!.key}\n` +
    'Models and faults: --list\n'
  );
}

async function endWithParent(): Promise<void> {
  for await (const _ of Bun.stdin.stream()) {
    // Only the end of the input counts.
  }
  process.exit(0);
}

function main(): void {
  const options = readArguments();
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  if (options.list) {
    process.stdout.write(options.json ? `${JSON.stringify(describeModels())}\n` : listText());
    return;
  }
  const { url, stop } = startSandbox(options);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop();
      process.exit(0);
    });
  }
  if (options['with-parent']) void endWithParent();
  process.stdout.write(options.json ? `${JSON.stringify(describe(url))}\n` : readyText(url));
}

try {
  main();
} catch (thrown) {
  process.stderr.write(`sandbox: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exit(1);
}
