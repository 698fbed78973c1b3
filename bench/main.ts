/** Runs the jobs, prints the table, writes the JSON. See README.md for what each number means. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { killAll } from './contestant.ts';
import { credentialsJob } from './credentials.ts';
import { disconnectJob, soakJob } from './disconnect.ts';
import type { Field } from './field.ts';
import { startField, startOptions } from './field.ts';
import { FULL, QUICK } from './lockstep.ts';
import { coldJob, memoryJob } from './memory.ts';
import { Mock } from './mock.ts';
import type { JobName, Options } from './options.ts';
import { HELP, readOptions } from './options.ts';
import type { Results } from './report.ts';
import { render } from './report.ts';
import { saturationJob } from './saturation.ts';
import { gitId, machine, pinSelf, raiseOpenFiles, watchCore } from './sys.ts';
import { floodJob, streamJob, unitJob } from './unit.ts';

const ROOT = resolve(import.meta.dir, '..');

interface Run {
  readonly options: Options;
  readonly mock: Mock;
  readonly dir: string;
  readonly results: Results;
  readonly versions: Record<string, string>;
  readonly openFiles: number;
}

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Starts a field on a core, runs the work, stops the field whatever happens. */
async function withField(
  run: Run,
  group: { readonly name: string; readonly core: number; readonly prove: boolean },
  work: (field: Field) => Promise<void>,
): Promise<void> {
  say(`starting contestants for ${group.name} on core ${group.core}`);
  const dir = join(run.dir, group.name);
  const { core, prove } = group;
  const field = await startField({ ...run, root: ROOT, dir, core, prove });
  for (const one of field.all) run.versions[one.name] = one.version;
  const known = new Set(run.results.notServed.map((one) => one.name + one.evidence));
  run.results.notServed.push(
    ...field.notServed.filter((one) => !known.has(one.name + one.evidence)),
  );
  try {
    await work(field);
  } finally {
    await field.stop();
  }
}

const wants = (run: Run, ...names: JobName[]): boolean =>
  names.some((name) => run.options.jobs.has(name));

async function lockStep(run: Run): Promise<void> {
  const { core, quick } = run.options;
  const job = { core, effort: quick ? QUICK : FULL, mock: run.mock };
  await withField(run, { name: 'lock-step', core, prove: true }, async ({ all }) => {
    if (wants(run, 'unit')) run.results.unit = await unitJob(job, all);
    if (wants(run, 'stream')) run.results.stream = await streamJob(job, all);
    if (wants(run, 'flood')) run.results.flood = await floodJob(job, all);
    if (wants(run, 'credentials')) {
      run.results.credentials = await credentialsJob(job, all, join(run.dir, 'credentials'));
    }
  });
}

async function saturation(run: Run): Promise<void> {
  const { core, gatewayCore, quick } = run.options;
  const plan = {
    mock: run.mock,
    loadCore: core,
    gatewayCore,
    seconds: quick ? 4 : 10,
    pairs: quick ? 60 : 400,
    gateSeconds: quick ? 5 : 60,
  };
  const group = { name: 'saturation', core: gatewayCore, prove: true };
  await withField(run, group, async ({ all }) => {
    run.results.saturation = await saturationJob(plan, all);
  });
}

async function memory(run: Run): Promise<void> {
  const { gatewayCore, quick } = run.options;
  const counts = quick ? [200, 1000] : [1000, 5000];
  const group = { name: 'memory', core: gatewayCore, prove: false };
  await withField(run, group, async ({ all }) => {
    const plan = { mock: run.mock, counts, openFiles: run.openFiles };
    run.results.memory = await memoryJob(plan, all);
  });
  if (!run.options.levels.has('L2')) return;
  const dir = join(run.dir, 'cold');
  const at = startOptions({ ...run, root: ROOT, dir, core: gatewayCore, prove: false });
  run.results.coldStart = await coldJob(run.mock, at, quick ? 2 : 5);
}

async function leaving(run: Run): Promise<void> {
  const { gatewayCore, quick, streams, abortShare } = run.options;
  const group = { name: 'leaving', core: gatewayCore, prove: true };
  await withField(run, group, async ({ all }) => {
    if (wants(run, 'disconnect')) {
      run.results.disconnect = await disconnectJob(run.mock, all, quick ? 2 : 7);
    }
    if (!wants(run, 'soak')) return;
    const plan = { mock: run.mock, streams, abortShare, idleSeconds: quick ? 2 : 10 };
    run.results.soak = await soakJob(plan, all);
  });
}

function write(run: Run, stealPct: number, startedAt: string): void {
  const { options, results, versions } = run;
  const record = {
    schema: 1,
    started_at: startedAt,
    ended_at: new Date().toISOString(),
    quick: options.quick,
    stand_in: options.standIn,
    git: gitId(ROOT),
    machine: machine(),
    bun: Bun.version,
    versions,
    steal_pct_of_load_core: Number(stealPct.toFixed(1)),
    cores: { load: options.core, gateway: options.gatewayCore },
    results,
  };
  mkdirSync(dirname(resolve(options.json)), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify(record, null, 1)}\n`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), ROOT);
  if (!options) {
    process.stdout.write(HELP);
    return 0;
  }
  const highest = Math.max(options.core, options.gatewayCore);
  if (highest >= cpus().length) throw new Error(`this machine has no core ${highest}`);
  if (!pinSelf(options.core)) throw new Error('taskset could not pin this process');
  const startedAt = new Date().toISOString();
  const steal = watchCore(options.core);
  const dir = mkdtempSync(join(tmpdir(), 'gangway-bench-'));
  const run: Run = {
    options,
    mock: new Mock(),
    dir,
    results: { notServed: [] },
    versions: {},
    openFiles: raiseOpenFiles(),
  };
  try {
    if (wants(run, 'unit', 'stream', 'flood', 'credentials')) await lockStep(run);
    if (wants(run, 'saturation')) await saturation(run);
    if (wants(run, 'memory')) await memory(run);
    if (wants(run, 'disconnect', 'soak')) await leaving(run);
  } finally {
    run.mock.stop();
    killAll();
    rmSync(dir, { recursive: true, force: true });
  }
  const { stealPct } = steal();
  process.stdout.write(`${render(run.results)}\n`);
  if (options.quick) process.stdout.write('\nquick run: short samples, not to be quoted\n');
  if (options.standIn) process.stdout.write('stand-in run: says nothing about the product\n');
  write(run, stealPct, startedAt);
  process.stdout.write(`\nsteal ${stealPct.toFixed(1)} % on the load core; ${options.json}\n`);
  return 0;
}

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    killAll();
    process.exit(1);
  });
}
process.on('exit', killAll);

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.exit();
