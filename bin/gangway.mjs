#!/usr/bin/env node
/** Starts Gangway in the pinned Bun: `gangway serve`; `gangway --bun …` runs Bun itself. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { makeBunEnv, packageRoot, requireBun } from './runtime.mjs';

const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP'];
const SIGNAL_EXIT_BASE = 128;

function main() {
  const bun = requireBun(packageRoot, { dev: false });
  const args = process.argv.slice(2);
  const wanted =
    args[0] === '--bun' ? args.slice(1) : [join(packageRoot, 'src', 'main.ts'), ...args];
  replaceOrSpawn(bun, wanted);
}

/**
 * Where Node can, Bun takes this process's place: same pid, no launcher left in memory. Else it is
 * a child that gets our signals; `--no-orphans` ends it when this process is killed outright.
 */
function replaceOrSpawn(bun, args) {
  const env = makeBunEnv();
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.removeAllListeners('warning');
    process.execve(bun, [bun, ...args], env);
  }
  const child = spawn(bun, ['--no-orphans', ...args], { stdio: 'inherit', env });
  for (const signal of FORWARDED) process.on(signal, () => forward(child, signal));
  child.on('error', fail);
  child.on('exit', (code, signal) => {
    process.exit(code ?? SIGNAL_EXIT_BASE + constants.signals[signal]);
  });
}

/** Ctrl-C at a terminal reaches the child by itself; a second one would read as impatience. */
function forward(child, signal) {
  if (signal === 'SIGINT' && process.stdin.isTTY) return;
  child.kill(signal);
}

function fail(error) {
  process.stderr.write(`gangway: ${error.message}\n`);
  process.exit(1);
}

try {
  main();
} catch (error) {
  fail(error);
}
