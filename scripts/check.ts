/** `npm run check`: what `npm test` asks of the code itself, in a few seconds, before a commit. */
import { join } from 'node:path';

const root = join(import.meta.dir, '..');
const tool = (...parts: string[]) => join(root, 'node_modules', ...parts);

const STEPS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['lint', ['node', tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '.']],
  ['types', ['node', tool('typescript', 'bin', 'tsc'), '--noEmit', '-p', '.']],
  ['registry', [process.execPath, 'run', 'scripts/generate-vendors.ts', '--check']],
  ['house', [process.execPath, 'test', './test/floors.test.ts', './test/tidy.test.ts']],
];

const failed: string[] = [];
for (const [name, command] of STEPS) {
  const run = Bun.spawnSync([...command], { cwd: root, stdout: 'pipe', stderr: 'pipe' });
  console.log(`${run.success ? 'ok  ' : 'FAIL'} ${name}`);
  if (run.success) continue;
  failed.push(name);
  console.log(run.stdout.toString() + run.stderr.toString());
}
process.exitCode = failed.length > 0 ? 1 : 0;
