/** bin/gangway.mjs finds the pinned Bun without install scripts, starts it, gets out of the way. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBun, listMissing, OUTBOUND_REQUESTS_MAX, packageRoot } from '../bin/runtime.mjs';
import { judgeFile, type Row, readJunit } from '../bin/test.mjs';

const EXIT_CODE = 7;
const SIGNAL_EXIT_CODE = 9;
const START_MS_MAX = 10_000;
const STUB_BYTES = 450;
const POLL_MS = 25;

/** Stands for src/main.ts: says what it was given, then does what its first argument says. */
const PROGRAM = `
const env = process.env.BUN_CONFIG_MAX_HTTP_REQUESTS;
const facts = { args: process.argv.slice(2), env, bun: Bun.version, cwd: process.cwd() };
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  process.on(name, () => { console.log(name); process.exit(${SIGNAL_EXIT_CODE}); });
}
console.log(JSON.stringify({ ...facts, pid: process.pid }));
if (process.argv[2] === 'exit') process.exit(${EXIT_CODE});
setInterval(() => {}, 1000);
`;

let parent = '';
let root = '';

/** A package like ours in a folder with spaces, its binary where npm puts it without scripts. */
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'gangway launcher '));
  root = join(parent, 'a clone');
  mkdirSync(join(root, 'src'), { recursive: true });
  cpSync(join(packageRoot, 'bin'), join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'src', 'main.ts'), PROGRAM);
  writePackage({});
  makeModules(root);
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

function writePackage(dependencies: Readonly<Record<string, string>>) {
  const manifest = { name: 'gangway', version: '0.0.0', type: 'module', dependencies };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
}

function makeModules(folder: string) {
  const real = findBun(packageRoot) ?? '';
  // Install scripts may have moved the binary; here it stands where npm alone puts it.
  const [packaged = ''] = readdirSync(join(packageRoot, 'node_modules', '@oven'));
  const place = join('node_modules', '@oven', packaged, 'bin', 'bun');
  mkdirSync(join(folder, place, '..'), { recursive: true });
  symlinkSync(real, join(folder, place));
  const stub = join(folder, 'node_modules', 'bun', 'bin', 'bun.exe');
  mkdirSync(join(stub, '..'), { recursive: true });
  writeFileSync(stub, '');
  truncateSync(stub, STUB_BYTES);
}

interface Facts {
  readonly args: string[];
  readonly env: string;
  readonly bun: string;
  readonly cwd: string;
  readonly pid: number;
}

const node = Bun.which('node') ?? 'node';
const launcher = () => join(root, 'bin', 'gangway.mjs');

function start(command: string[], env: Readonly<Record<string, string>> = {}) {
  const inherited = { ...Bun.env, BUN_CONFIG_MAX_HTTP_REQUESTS: undefined };
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return Bun.spawn(command, { cwd: parent, env: { ...inherited, ...env }, stdio });
}

type Started = ReturnType<typeof start>;

/** The next line that the program prints. */
async function readLine(child: Started): Promise<string> {
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes('\n')) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`It ended: ${await new Response(child.stderr).text()}`);
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text.trimEnd();
}

const readFacts = async (child: Started): Promise<Facts> => JSON.parse(await readLine(child));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('the launcher', () => {
  test('hands over arguments, environment, folder and exit code', async () => {
    const child = start([node, launcher(), 'exit', '--flag', 'two words']);
    const facts = await readFacts(child);
    expect(await child.exited).toBe(EXIT_CODE);
    expect(facts.args).toEqual(['exit', '--flag', 'two words']);
    expect(facts.env).toBe(String(OUTBOUND_REQUESTS_MAX));
    expect(facts.bun).toBe(Bun.version);
    expect(facts.cwd).toBe(parent);
  });

  test('leaves a setting of the operator alone', async () => {
    const env = { BUN_CONFIG_MAX_HTTP_REQUESTS: '512' };
    const facts = await readFacts(start([node, launcher(), 'exit'], env));
    expect(facts.env).toBe('512');
  });

  test('works through the symlink that npm makes for npx', async () => {
    const link = join(parent, 'gangway');
    symlinkSync(launcher(), link);
    chmodSync(launcher(), 0o755);
    const child = start([link, 'exit']);
    expect((await readFacts(child)).args).toEqual(['exit']);
    expect(await child.exited).toBe(EXIT_CODE);
  });

  test('--bun runs Bun itself', async () => {
    const child = start([node, launcher(), '--bun', '-e', 'console.log("1"); process.exit(3)']);
    expect(await new Response(child.stdout).text()).toBe('1\n');
    expect(await child.exited).toBe(3);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('forwards %s', async (signal) => {
    const child = start([node, launcher(), 'stay']);
    await readFacts(child);
    child.kill(signal);
    expect(await readLine(child)).toBe(signal);
    expect(await child.exited).toBe(SIGNAL_EXIT_CODE);
  });

  test('killed outright, it leaves no gateway behind', async () => {
    const child = start([node, launcher(), 'stay']);
    const { pid } = await readFacts(child);
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    const endMs = performance.now() + START_MS_MAX;
    while (isAlive(pid) && performance.now() < endMs) await Bun.sleep(POLL_MS);
    expect(isAlive(pid)).toBe(false);
  });
});

describe('what is installed', () => {
  test('the stub of the package bun is not taken for Bun', () => {
    expect(findBun(root)).toContain('@oven');
    expect(findBun(join(parent, 'empty'))).toBeNull();
  });

  test('an absent package and another version are missing', () => {
    writePackage({ absent: '1.0.0', other: '2.0.0', here: '1.0.0' });
    for (const name of ['other', 'here']) {
      const folder = join(root, 'node_modules', name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.0.0' }));
    }
    expect(listMissing(root, ['dependencies'])).toEqual(['absent', 'other']);
    writePackage({});
  });

  test('what is missing is installed, in one line on stderr; a failure says so', async () => {
    writePackage({ absent: '1.0.0' });
    const npm = join(parent, 'npm-cli.js');
    const log = join(parent, 'npm.log');
    const code = `fs.appendFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(' ')+'\\n')`;
    writeFileSync(npm, `const fs = require('node:fs'); ${code}; process.exit(1);`);
    const child = start([node, launcher(), 'exit'], { npm_execpath: npm });
    expect(await child.exited).toBe(1);
    expect(await new Response(child.stdout).text()).toBe('');
    const said = await new Response(child.stderr).text();
    expect(said).toContain('gangway: installing absent (npm ci, pinned versions)\n');
    expect(said).toContain('npm could not install');
    const flags = '--ignore-scripts --omit=dev';
    expect(readFileSync(log, 'utf8')).toBe(`ci ${flags}\ninstall ${flags}\n`);
    writePackage({});
  });
});

describe('npm test', () => {
  const report = `<testsuites><testsuite name="x"><testcase name="a &lt;b&gt;" classname="k" />
    <testcase name="c" classname=""><failure type="E" message="m">t</failure></testcase>
    <testcase name="d (skipped: needs nginx)" classname=""><skipped /></testcase>
    </testsuite></testsuites>`;
  const fine = { code: 0, isTimedOut: false };
  const row = (name: string, state: Row['state']): Row => ({ name, state });

  test('reads the report of Bun', () => {
    expect(readJunit(report)).toEqual([
      row('k > a <b>', 'passed'),
      row('c', 'failed'),
      row('d (skipped: needs nginx)', 'skipped'),
    ]);
  });

  test('a file that hangs, dies, holds nothing or skips without a reason has failed', () => {
    const passed = [row('a', 'passed')];
    expect(judgeFile(fine, passed).failed).toBe(0);
    expect(judgeFile({ code: 1, isTimedOut: true }, passed).why[0]).toContain('did not end');
    expect(judgeFile({ code: 'SIGSEGV', isTimedOut: false }, passed).why).toEqual([
      'ended with SIGSEGV',
    ]);
    expect(judgeFile(fine, []).why).toEqual(['holds no test']);
    expect(judgeFile(fine, [row('a', 'skipped')]).failed).toBe(1);
    const reason = judgeFile(fine, [row('a (skipped: needs nginx)', 'skipped')]);
    const isForbidden = Bun.env.GANGWAY_TEST_NO_SKIP === '1';
    expect([reason.skipped, reason.failed]).toEqual(isForbidden ? [0, 1] : [1, 0]);
  });
});
