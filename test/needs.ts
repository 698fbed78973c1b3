/**
 * Tests that need a program of the system. `needs('nginx')('serves…', () => …)` is skipped with the
 * reason in its name where nginx is missing; with GANGWAY_TEST_NO_SKIP=1 it fails instead.
 */
import { test } from 'bun:test';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPostgres } from './storage/postgres-cluster.ts';

const PROBE_TIMEOUT_MS = 20_000;

interface Need {
  /** True where it is there. */
  readonly probe: () => boolean;
  readonly mend: string;
}

/** Python with the PyPI package `openai`: GANGWAY_TEST_PYTHON, else the one on the path. */
export function findPython(): string | null {
  return Bun.env.GANGWAY_TEST_PYTHON ?? Bun.which('python3');
}

function pythonHas(module: string): boolean {
  const python = findPython();
  if (!python) return false;
  const run = Bun.spawnSync([python, '-c', `import ${module}`], { timeout: PROBE_TIMEOUT_MS });
  return run.exitCode === 0;
}

/** Whatever is not named here is looked for on the path. */
const NEEDS: Readonly<Record<string, Need>> = {
  nginx: { probe: () => findNginx() !== null, mend: 'apt-get install nginx-light' },
  'python-openai': {
    probe: () => pythonHas('openai'),
    mend: 'make a venv, pip install openai, set GANGWAY_TEST_PYTHON to its python',
  },
  postgres: { probe: () => findPostgres() !== null, mend: 'apt-get install postgresql' },
  'redis-server': {
    probe: () => Bun.which('redis-server') !== null,
    mend: 'apt-get install redis-server',
  },
  'python-ark': {
    probe: () => pythonHas('volcenginesdkarkruntime, volcenginesdkark, arkruntime'),
    mend: "as for python-openai, with pip install 'volcengine-python-sdk[ark]' arkruntime",
  },
  'python-anthropic': {
    probe: () => pythonHas('anthropic'),
    mend: 'as for python-openai, with pip install anthropic',
  },
  'python-genai': {
    probe: () => pythonHas('google.genai'),
    mend: 'as for python-openai, with pip install google-genai',
  },
  'python-replicate': {
    probe: () => pythonHas('replicate'),
    mend: 'as for python-openai, with pip install replicate',
  },
  'python-luma': {
    probe: () => pythonHas('lumaai'),
    mend: 'as for python-openai, with pip install lumaai',
  },
  'python-runway': {
    probe: () => pythonHas('runwayml'),
    mend: 'as for python-openai, with pip install runwayml',
  },
  'python-volcengine': {
    probe: () => pythonHas('volcengine.visual.VisualService'),
    mend: 'as for python-openai, with pip install volcengine',
  },
  'python-standardwebhooks': {
    probe: () => pythonHas('standardwebhooks.webhooks'),
    mend: 'as for python-openai, with pip install standardwebhooks',
  },
  moto: {
    probe: () => findMoto() !== null,
    mend: "as for python-openai, with pip install 'moto[server]'",
  },
  openssl: { probe: () => Bun.which('openssl') !== null, mend: 'apt-get install openssl' },
  linux: { probe: () => process.platform === 'linux', mend: 'run on Linux' },
};

/** nginx stands in /usr/sbin, which is not on every user's path. */
export function findNginx(): string | null {
  return Bun.which('nginx', { PATH: `${Bun.env.PATH}:/usr/sbin:/usr/local/sbin` });
}

/** A server that speaks S3, in the folder of the tests' Python or on the path. */
export function findMoto(): string | null {
  const python = Bun.env.GANGWAY_TEST_PYTHON;
  const beside = python === undefined ? null : join(dirname(python), 'moto_server');
  return beside !== null && existsSync(beside) ? beside : Bun.which('moto_server');
}

/** Whether a program of the system is there, for what prepares several tests at once. */
export function hasProgram(name: string): boolean {
  return isThere(name);
}

const found = new Map<string, boolean>();

function isThere(name: string): boolean {
  const known = found.get(name);
  if (known !== undefined) return known;
  const there = NEEDS[name] ? NEEDS[name].probe() : Bun.which(name) !== null;
  found.set(name, there);
  return there;
}

export type NeedfulTest = (
  name: string,
  run: () => void | Promise<void>,
  timeoutMs?: number,
) => void;

/** `test`, for a test that runs only where every named program is there. */
export function needs(...programs: string[]): NeedfulTest {
  const missing = programs.filter((program) => !isThere(program));
  if (missing.length === 0) return (name, run, timeoutMs) => test(name, run, timeoutMs);
  const reason = `needs ${missing.join(', ')}`;
  if (Bun.env.GANGWAY_TEST_NO_SKIP !== '1') {
    return (name, run) => test.skip(`${name} (skipped: ${reason})`, run);
  }
  const mends = missing.map((program) => NEEDS[program]?.mend ?? `install ${program}`);
  return (name) =>
    test(name, () => {
      throw new Error(`This test ${reason} and may not be skipped. Mend: ${mends.join('; ')}.`);
    });
}
