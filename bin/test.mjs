/**
 * `npm test`: lint, types, registry, then every file of test/ in a Bun of its own, so that a file
 * that hangs or dies is one failure and not the end of the run. `npm test -- relay` runs only the
 * files whose path contains "relay". The last line is `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBunEnv, packageRoot, requireBun } from './runtime.mjs';

const STEP_TIMEOUT_MS = 120_000;
const FILE_TIMEOUT_MS = 180_000;
/** Of a quarter of an hour on two quiet cores; busy ones are slower. */
const RUN_TIMEOUT_MS = 2_700_000;
const TEST_TIMEOUT_MS = 30_000;
const OUTPUT_LINES_MAX = 120;
const JOBS_MAX = 2;
/** The pipes of a program that has ended are read this much longer. */
const FLUSH_MS = 20;
/** They measure time or memory, or drive whole programs: nothing else runs beside them. */
const FOLDERS_ALONE = ['runtime', 'deploy', 'e2e', 'sim', 'bench'];
/** But for these of e2e, which wait for vendors' jobs most of the time and measure nothing. */
const E2E_TOGETHER = new RegExp(
  `^test/e2e/(${[
    'clients/|odd-input/|ai-sdk|bfl|images|kling|luma|midjourney|native|openai-videos|prices',
    'python|replicate|runway|results|structured|tasks-api|task-retries|uploads|vendor-lost',
    'videos-api|volc|webhook|custody|media',
  ].join('|')})`,
);
const REASON_MARK = '(skipped: ';

const skipForbidden = process.env.GANGWAY_TEST_NO_SKIP === '1';
const startedAtMs = Date.now();
const running = new Set();

/** No key of the developer's own and no setting of a running gateway reaches a test. */
function makeTestEnv() {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !name.endsWith('_API_KEY') &&
      (!name.startsWith('GANGWAY_') || name.startsWith('GANGWAY_TEST_')),
  );
  return makeBunEnv(Object.fromEntries(kept));
}

/** Runs one program in a process group of its own; after `timeoutMs` the whole group is killed. */
function runProgram(command, args, timeoutMs) {
  return new Promise((resolve) => {
    const startMs = Date.now();
    const child = spawn(command, args, {
      cwd: packageRoot,
      env: makeTestEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    running.add(child);
    let output = '';
    let isTimedOut = false;
    const collect = (data) => {
      output += data;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const timer = setTimeout(() => {
      isTimedOut = true;
      killGroup(child);
    }, timeoutMs);
    const finish = (code) => {
      clearTimeout(timer);
      killGroup(child);
      running.delete(child);
      resolve({ code, output, isTimedOut, seconds: (Date.now() - startMs) / 1000 });
    };
    child.on('error', (error) => {
      output += error.message;
      finish(1);
    });
    // Not 'close': a grandchild that holds the pipe must not hold the run.
    child.on('exit', (code, signal) => setTimeout(finish, FLUSH_MS, code ?? signal));
  });
}

function killGroup(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

function listSteps(bun) {
  const tool = (...parts) => join(packageRoot, 'node_modules', ...parts);
  return [
    ['lint', process.execPath, [tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '.']],
    ['types', process.execPath, [tool('typescript', 'bin', 'tsc'), '--noEmit', '-p', '.']],
    ['registry', bun, ['run', join('scripts', 'generate-vendors.ts'), '--check']],
  ];
}

function listTestFiles(filters) {
  const folder = join(packageRoot, 'test');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join('test', name))
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort();
}

function isAlone(path) {
  const parts = path.split(sep);
  return FOLDERS_ALONE.includes(parts[1]) && !E2E_TOGETHER.test(parts.join('/'));
}

function unescapeXml(text) {
  const signs = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) =>
    code ? String.fromCodePoint(Number(code)) : (signs[name] ?? ''),
  );
}

/** Bun's JUnit report -> one row a test. */
export function readJunit(xml) {
  const pattern = /<testcase((?:\s+[\w-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  return [...xml.matchAll(pattern)].map(([, attributes, inner = '']) => {
    const read = (key) => unescapeXml(attributes.match(`\\s${key}="([^"]*)"`)?.[1] ?? '');
    const name = [read('classname'), read('name')].filter(Boolean).join(' > ');
    if (/<(failure|error)\b/.test(inner)) return { name, state: 'failed' };
    return { name, state: inner.includes('<skipped') ? 'skipped' : 'passed' };
  });
}

/** What one file comes to: counts, names of what was skipped, and why it failed. */
export function judgeFile(run, rows) {
  const verdict = { passed: 0, failed: 0, skipped: 0, why: [], skips: [] };
  for (const row of rows) {
    if (row.state === 'passed') verdict.passed += 1;
    else if (row.state === 'failed') fail(verdict, `failed: ${row.name}`);
    else if (skipForbidden) fail(verdict, `skipped, which is forbidden here: ${row.name}`);
    else if (!row.name.includes(REASON_MARK)) {
      fail(verdict, `skipped without a reason: ${row.name}; mend: use needs() of test/needs.ts`);
    } else {
      verdict.skipped += 1;
      verdict.skips.push(row.name);
    }
  }
  if (run.isTimedOut)
    fail(verdict, `did not end within ${FILE_TIMEOUT_MS / 1000} s and was killed`);
  else if (run.code !== 0 && verdict.failed === 0) fail(verdict, `ended with ${run.code}`);
  else if (rows.length === 0 && run.code === 0) fail(verdict, 'holds no test');
  return verdict;
}

function fail(verdict, why) {
  verdict.failed += 1;
  verdict.why.push(why);
}

function printVerdict(label, run, verdict) {
  const isFine = verdict.failed === 0;
  const counts = `${verdict.passed} passed${isFine ? '' : `, ${verdict.failed} FAILED`}`;
  const skips = verdict.skipped > 0 ? `, ${verdict.skipped} skipped` : '';
  console.log(
    `${isFine ? 'ok  ' : 'FAIL'} ${label}  ${counts}${skips}  ${run.seconds.toFixed(1)} s`,
  );
  if (isFine) return;
  const lines = run.output
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('(pass)'));
  const shown = lines.slice(-OUTPUT_LINES_MAX);
  if (lines.length > shown.length)
    console.log(`     … ${lines.length - shown.length} lines before`);
  for (const line of shown) console.log(`     ${line}`);
}

async function runStep([name, command, args]) {
  const run = await runProgram(command, args, STEP_TIMEOUT_MS);
  const verdict = { passed: 0, failed: 0, skipped: 0, why: [], skips: [] };
  if (run.isTimedOut) fail(verdict, `did not end within ${STEP_TIMEOUT_MS / 1000} s`);
  else if (run.code !== 0) fail(verdict, `ended with ${run.code}`);
  else verdict.passed = 1;
  printVerdict(name, run, verdict);
  return { label: name, ...verdict };
}

async function runFile(bun, path, reportFolder) {
  const report = join(reportFolder, `${path.replaceAll(/[\\/]/g, '_')}.xml`);
  const leftMs = startedAtMs + RUN_TIMEOUT_MS - Date.now();
  const flags = ['--no-orphans', 'test', `--timeout=${TEST_TIMEOUT_MS}`];
  const reporter = ['--reporter=junit', `--reporter-outfile=${report}`];
  const args = [...flags, ...reporter, `./${path.replaceAll(sep, '/')}`];
  const run = await runProgram(bun, args, Math.max(1, Math.min(FILE_TIMEOUT_MS, leftMs)));
  const verdict = judgeFile(run, existsSync(report) ? readJunit(readFileSync(report, 'utf8')) : []);
  printVerdict(path, run, verdict);
  return { label: path, ...verdict };
}

async function runFiles(bun, paths, jobs) {
  const reportFolder = mkdtempSync(join(tmpdir(), 'gangway-test-'));
  const queue = [...paths];
  const results = [];
  const work = async () => {
    for (let path = queue.shift(); path; path = queue.shift()) {
      results.push(await runFile(bun, path, reportFolder));
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    rmSync(reportFolder, { recursive: true, force: true });
  }
  return results;
}

function printSummary(results) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const skips = results.flatMap(({ label, skips }) => skips.map((name) => `${label}: ${name}`));
  const whys = results.flatMap(({ label, why }) => why.map((text) => `${label}: ${text}`));
  if (skips.length > 0) console.log(`\nSkipped:\n  ${skips.join('\n  ')}`);
  if (whys.length > 0) console.log(`\nFailed:\n  ${whys.join('\n  ')}`);
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(0);
  console.log(`\n${results.length} steps and files in ${seconds} s`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') === 0 && sum('passed') > 0;
}

async function main() {
  const bun = requireBun(packageRoot, { dev: true });
  const filters = process.argv.slice(2).map((filter) => relative('.', filter) || filter);
  const results = [];
  if (filters.length === 0) {
    for (const step of listSteps(bun)) results.push(await runStep(step));
  }
  const paths = listTestFiles(filters);
  const jobs = Math.min(JOBS_MAX, availableParallelism());
  results.push(
    ...(await runFiles(
      bun,
      paths.filter((path) => !isAlone(path)),
      jobs,
    )),
  );
  results.push(...(await runFiles(bun, paths.filter(isAlone), 1)));
  process.exitCode = printSummary(results) ? 0 : 1;
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      for (const child of running) killGroup(child);
      process.exit(1);
    });
  }
  main().catch((error) => {
    console.error(`npm test: ${error.message}`);
    console.log('0 passed, 1 failed, 0 skipped');
    process.exitCode = 1;
  });
}
