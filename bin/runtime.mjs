/**
 * Finds the pinned Bun, installs what is missing, and says how Bun must be started. Plain Node, no
 * dependency: this runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Bun carries 256 outbound requests at once unless told otherwise; this is the most it accepts. */
export const OUTBOUND_REQUESTS_MAX = 65_535;

/** Without its install script the npm package `bun` holds a stub of a few hundred bytes. */
const BUN_SIZE_BYTES_MIN = 1_000_000;

const ARCH = { x64: 'x64', arm64: 'aarch64' };
const SYSTEM = { linux: 'linux', darwin: 'darwin', win32: 'windows', freebsd: 'freebsd' };

/** Environment that every start of Bun needs; what the operator has set wins. */
export function makeBunEnv(env = process.env) {
  return { BUN_CONFIG_MAX_HTTP_REQUESTS: String(OUTBOUND_REQUESTS_MAX), ...env };
}

/** The pinned Bun, or null where it is not installed. */
export function findBun(root = packageRoot) {
  const file = process.platform === 'win32' ? 'bun.exe' : 'bun';
  const places = listBunPackages().map((name) => join('@oven', name, 'bin', file));
  places.push(join('bun', 'bin', 'bun.exe'));
  for (const place of places) {
    const path = findInNodeModules(root, place);
    if (path && statSync(path).size >= BUN_SIZE_BYTES_MIN) return path;
  }
  return null;
}

/** Names of the packages that can hold Bun for this machine, best first. */
function listBunPackages() {
  const arch = ARCH[process.arch];
  const system = SYSTEM[process.platform];
  if (!arch || !system) return [];
  const base = `bun-${system}-${arch}`;
  if (system !== 'linux') return [base];
  const isMusl = !process.report.getReport().header.glibcVersionRuntime;
  return isMusl ? [`${base}-musl`] : [base, `${base}-baseline`];
}

/** Looks as Node does: in `node_modules` of the package and of every folder above it. */
function findInNodeModules(root, place) {
  for (let folder = root; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', place);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return null;
  }
}

/** Names of pinned dependencies that are absent or of another version. */
export function listMissing(root, kinds) {
  const manifest = readJson(join(root, 'package.json'));
  const pins = kinds.flatMap((kind) => Object.entries(manifest[kind] ?? {}));
  return pins.filter(([name, pin]) => !isInstalled(root, name, pin)).map(([name]) => name);
}

function isInstalled(root, name, pin) {
  const path = findInNodeModules(root, join(name, 'package.json'));
  return path !== null && readJson(path).version === pin;
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Installs what package.json pins and node_modules lacks. Install scripts never run: Bun's binary
 * lies ready in its platform package. Output goes to stderr, so that stdout stays the program's.
 */
export function installMissing(root, { dev }) {
  const kinds = dev ? ['dependencies', 'devDependencies'] : ['dependencies'];
  const missing = listMissing(root, kinds);
  if (!findBun(root)) missing.push('the Bun binary');
  if (missing.length === 0) return;
  if (root.includes(`${sep}node_modules${sep}`)) {
    throw new Error(`Not installed: ${missing.join(', ')}. Run npm install where gangway is used.`);
  }
  // A clone that already has the tools for development keeps them.
  const keepDev = dev || existsSync(join(root, 'node_modules', 'typescript'));
  const flags = ['--ignore-scripts', ...(keepDev ? [] : ['--omit=dev'])];
  process.stderr.write(`gangway: installing ${missing.join(', ')} (npm ci, pinned versions)\n`);
  if (runNpm(root, ['ci', ...flags]) || runNpm(root, ['install', ...flags])) return;
  throw new Error('npm could not install the dependencies; its messages are above.');
}

/** Inside `npm start` the same npm is asked again; else the one on the path. */
function runNpm(root, args) {
  const script = process.env.npm_execpath;
  const [command, lead] = script?.endsWith('npm-cli.js')
    ? [process.execPath, [script]]
    : ['npm', []];
  const isWindows = process.platform === 'win32';
  const run = spawnSync(command, [...lead, ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: isWindows && lead.length === 0,
  });
  if (run.error) process.stderr.write(`gangway: npm did not start: ${run.error.message}\n`);
  return run.status === 0;
}

/** The pinned Bun, installed first where it is missing. */
export function requireBun(root, { dev }) {
  installMissing(root, { dev });
  const bun = findBun(root);
  if (bun) return bun;
  throw new Error(
    `The npm package "bun" has no binary for ${process.platform} ${process.arch}; ` +
      `looked for ${listBunPackages().join(', ') || 'none'}.`,
  );
}
