/** docs/task-clients.md: each client in it is driven by the test of its row, at that path. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VENDORS } from '../../src/vendors/index.ts';
import { ROOT } from './gateway.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PACKAGES = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
const CI = read('.ci/run');
/** Where the module of a package has another name. */
const MODULES: Readonly<Record<string, string>> = Object.freeze({
  'volcengine-python-sdk': 'volcenginesdkarkruntime',
});

interface Row {
  readonly registry: 'npm' | 'PyPI' | 'script';
  readonly name: string;
  readonly path: string;
  readonly test: string;
}

function rowsOf(page: string): Row[] {
  const lines = read(page)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1);
  return lines.map((line) => {
    const [, client = '', base = '', , file = ''] = line.split('|').map((cell) => cell.trim());
    const [, word = 'script', name = ''] = /^(npm|PyPI) `([^`]+)`$/.exec(client) ?? [];
    return {
      registry: word as Row['registry'],
      name,
      path: /^`<[^>]+>(\/[^`]+)`$/.exec(base)?.[1] ?? '',
      test: /^`([^`]+)`$/.exec(file)?.[1] ?? '',
    };
  });
}

/** The test with all scripts of other languages that it starts. */
function sourceOf(file: string): string {
  const own = read(`test/e2e/${file}`);
  const scripts = own.matchAll(/'(\w+_client\.py)'/g);
  return [own, ...[...scripts].map(([, name]) => read(`test/e2e/python/${name}`))].join('\n');
}

const ROWS = rowsOf('docs/task-clients.md');

describe('docs/task-clients.md', () => {
  test.each(ROWS.map((row) => [`${row.registry} ${row.name} at ${row.path}`, row] as const))(
    '%s is driven by a test',
    (_, row) => {
      expect(existsSync(join(ROOT, 'test/e2e', row.test))).toBe(true);
      const source = sourceOf(row.test);
      expect(row.path).toMatch(/^\/[\w/-]+$/);
      expect(source.includes(row.path)).toBe(true);
      if (row.registry === 'npm') {
        expect(PACKAGES.devDependencies[row.name]).toMatch(/^\d+\.\d+\.\d+$/);
        expect(source).toContain(`from '${row.name}'`);
      }
      if (row.registry === 'PyPI') {
        expect(CI).toMatch(new RegExp(`"${row.name}(?:\\[\\w+\\])?==\\$\\w+"`));
        const module = MODULES[row.name] ?? row.name;
        expect(source).toMatch(new RegExp(`^(?:import|from) ${module}\\b`, 'm'));
      }
    },
  );

  test('has a client for the paths of every vendor', () => {
    const mounts = Object.values(VENDORS).flatMap(({ long = [] }) =>
      long.flatMap(({ native }) => (native === undefined ? [] : [native.mount])),
    );
    expect(new Set(mounts).size).toBeGreaterThan(7);
    const isServed = (mount: string) =>
      ROWS.some(({ path }) => `${mount}/`.startsWith(`${path}/`) || path.startsWith(mount));
    // The faster and slower doors of one service are tried with it.
    const others = mounts.filter((mount) => !isServed(mount) && !/^\/mj-/.test(mount));
    expect(others).toEqual([]);
  });

  test('says the same in Chinese', () => {
    expect(rowsOf('docs/zh/task-clients.md')).toEqual(ROWS);
    const code = (page: string) => read(page).match(/^```python\n[\s\S]*?^```$/m)?.[0];
    expect(code('docs/zh/task-clients.md')).toBe(code('docs/task-clients.md') ?? 'missing');
  });
});
