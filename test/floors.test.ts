/** The floors of the design, section 2: you may look down, never up, never sideways. */
import { describe, expect, test } from 'bun:test';
import { parseSource, readSources, showBreach } from './house/code.ts';
import { judgeFloors, roomOf } from './house/floors.ts';

const sources = readSources('src', 'sandbox', 'console');

test('every import of src, sandbox and console keeps to the floors', () => {
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.flatMap(judgeFloors).map(showBreach)).toEqual([]);
});

/** File, its code, words of the message that must appear. */
const REFUSED: readonly (readonly [path: string, code: string, words: string])[] = [
  ['src/kit/a.ts', "import '../dialects/shape.ts'", 'may import nothing of ours'],
  ['src/kit/a.ts', "import type { A } from '../storage/ports.ts'", 'storage/ports.ts'],
  ['src/kit/a.ts', "import { Database } from 'bun:sqlite'", 'only storage/ knows'],
  ['src/relay/a.ts', "import { Kysely } from 'kysely'", 'only storage/ knows'],
  ['src/edge/a.ts', "import { sql } from 'kysely/x'", 'only storage/ knows'],
  ['src/dialects/a.ts', "import '../storage/ports.ts'", 'dialects may not know'],
  ['src/dialects/a.ts', "import '../kit/clock.ts'", 'dialects is pure'],
  ['src/storage/a.ts', "import '../dialects/shape.ts'", 'storage may import kit'],
  ['src/vendors/a.ts', "import './b.ts'", 'may not know another vendor'],
  ['src/vendors/a.ts', "import '../kit/fetch.ts'", 'vendors is pure'],
  ['src/vendors/a.ts', "import '../ledger/price.ts'", 'vendors may import dialects, kit'],
  ['src/catalog/a.ts', "import '../vendors/index.ts'", 'catalog may import'],
  ['src/ledger/a.ts', "import '../access/key.ts'", 'ledger may import'],
  ['src/limits/a.ts', "import '../dialects/shape.ts'", 'limits may import'],
  ['src/access/a.ts', "import '../storage/sqlite/store.ts'", 'storage/ports.ts'],
  ['src/relay/a.ts', "import '../vendors/acme.ts'", 'by name'],
  ['src/tasks/a.ts', "export { x } from '../vendors/acme.ts'", 'vendors/index.ts'],
  ['src/relay/a.ts', "import '../tasks/a.ts'", 'relay may import'],
  ['src/relay/a.ts', "import '../edge/http.ts'", 'relay may import'],
  ['src/relay/a.ts', "import '../access/key.ts'", 'relay may import'],
  ['src/relay/a.ts', 'const r: Response = x', 'HTTP object Response'],
  ['src/relay/a.ts', "new Request('http://x')", 'HTTP object Request'],
  ['src/edge/a.ts', "import '../platform/a.ts'", 'edge may import'],
  ['src/edge/a.ts', "import '../vendors/index.ts'", 'edge may import'],
  ['src/edge/a.ts', "import '../storage/sqlite/store.ts'", 'storage/ports.ts'],
  ['src/platform/a.ts', "await import('../edge/http.ts')", 'platform may import'],
  ['src/edge/a.ts', "type A = import('../main.ts').A", 'edge may import'],
  ['src/edge/a.ts', "export * from '../cli/main.ts'", 'edge may import'],
  ['src/edge/a.ts', 'await import(path)', 'literal path'],
  ['src/edge/a.ts', "import '../../test/needs.ts'", 'may not import test'],
  ['src/cli/a.ts', "import '../../sandbox/main.ts'", 'start it as a process'],
  ['src/wharf/a.ts', "import 'zod'", 'not in the design'],
  ['sandbox/a.ts', "import '../src/vendors/index.ts'", 'sandbox may import kit'],
  ['sandbox/a.ts', "import '../test/needs.ts'", 'sandbox may not import test'],
  ['console/a.ts', "import '../src/relay/handle.ts'", 'console may import platform'],
];

const ALLOWED: readonly (readonly [path: string, code: string])[] = [
  ['src/kit/a.ts', "import { join } from 'node:path'; import 'prom-client'; import './b.ts'"],
  ['src/dialects/a.ts', "import '../kit/json.ts'"],
  ['src/storage/sqlite/a.ts', "import { Database } from 'bun:sqlite'; import '../ports.ts'"],
  ['src/vendors/a.ts', "import './shape.ts'; import './read.ts'; import '../dialects/a.ts'"],
  ['src/vendors/index.ts', "import './a.ts'; import './b.ts'"],
  ['src/ledger/a.ts', "import type { A } from '../storage/ports.ts'"],
  ['src/relay/a.ts', "import '../vendors/index.ts'; import '../ledger/hold.ts'"],
  ['src/edge/a.ts', "import '../relay/handle.ts'; import '../storage/ports.ts'"],
  ['src/edge/a.ts', 'const answer: Response = x'],
  ['src/main.ts', "import './storage/sqlite/store.ts'; import './cli/main.ts'"],
  ['src/cli/a.ts', "import '../main.ts'; import '../storage/sqlite/store.ts'"],
  ['src/cli/a.ts', "import manifest from '../../package.json'"],
  ['sandbox/a.ts', "import './b.ts'; import '../src/kit/json.ts'"],
];

describe('the rule itself', () => {
  test.each(REFUSED)('refuses in %s: %s', (path, code, words) => {
    const messages = judgeFloors(parseSource(path, code)).map(showBreach);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toStartWith(`${path}:1 `);
    expect(messages[0]).toContain(words);
    expect(messages[0]).toContain('Mend: ');
  });

  test.each(ALLOWED)('allows in %s: %s', (path, code) => {
    expect(judgeFloors(parseSource(path, code))).toEqual([]);
  });

  test('knows the room of a file', () => {
    expect(['src/main.ts', 'src/kit/a.ts', 'sandbox/x/y.ts'].map(roomOf)).toEqual([
      'main',
      'kit',
      'sandbox',
    ]);
  });
});
