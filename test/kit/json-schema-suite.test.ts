/** The public suite of JSON Schema, through the path that callers' schemas take. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Json } from '../../src/kit/json.ts';
import { compileSchema } from '../../src/kit/schema/compile.ts';
import { SchemaError } from '../../src/kit/schema/guard.ts';

interface Group {
  readonly description: string;
  readonly schema: Json;
  readonly tests: readonly { readonly description: string; data: Json; valid: boolean }[];
}

interface Suite {
  readonly files: Readonly<Record<string, readonly Group[]>>;
}

const DRAFTS = {
  '7': 'http://json-schema.org/draft-07/schema#',
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
} as const;

interface Count {
  right: number;
  /** Formats that are only notes in that draft, and are checked here on purpose. */
  strictFormats: number;
  readonly wrong: string[];
  /** Tests whose schema is refused: reason -> how many. */
  readonly refused: Record<string, number>;
}

async function run(draft: keyof typeof DRAFTS, folder: string): Promise<Count> {
  const path = join(import.meta.dir, '..', 'fixtures', 'json-schema-test-suite', `${draft}.json`);
  const suite = (await Bun.file(path).json()) as Suite;
  const count: Count = { right: 0, strictFormats: 0, wrong: [], refused: {} };
  for (const [file, groups] of Object.entries(suite.files)) {
    const isThere = folder === '' ? !file.includes('/') : file.startsWith(`${folder}/`);
    if (!isThere || (folder === 'optional' && file.startsWith('optional/format/'))) continue;
    for (const group of groups) runGroup(`${file}: ${group.description}`, { draft, group, count });
  }
  return count;
}

interface GroupWish {
  readonly draft: keyof typeof DRAFTS;
  readonly group: Group;
  readonly count: Count;
}

function runGroup(name: string, { draft, group, count }: GroupWish): void {
  const { schema } = group;
  const isObject = typeof schema === 'object' && schema !== null;
  const said = isObject ? { $schema: DRAFTS[draft], ...schema } : schema;
  let checker: ReturnType<typeof compileSchema>;
  try {
    checker = compileSchema(said);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const why = reasonOf(error.message);
    count.refused[why] = (count.refused[why] ?? 0) + group.tests.length;
    return;
  }
  for (const { description, data, valid } of group.tests) {
    const fits = checker.check(data).length === 0;
    if (fits === valid) count.right += 1;
    else if (/only an annotation by default/.test(description)) count.strictFormats += 1;
    else count.wrong.push(`${name}: ${description}`);
  }
}

function reasonOf(message: string): string {
  if (message.includes('which is not in it')) return 'another document';
  if (message.includes('use $ref')) return '$dynamicRef';
  if (message.includes('unevaluatedItems')) return 'contains beside unevaluatedItems';
  if (message.includes('a draft that is not known')) return 'own meta-schema';
  return message;
}

describe('JSON-Schema-Test-Suite', () => {
  test('draft 7: all that is not in another document', async () => {
    expect(await run('7', '')).toEqual({
      right: 889,
      strictFormats: 0,
      wrong: [
        'properties.json: properties whose names are Javascript object property names: ' +
          '__proto__ not valid',
      ],
      refused: { 'another document': 23 },
    });
  });

  test('draft 2020-12: what is not right is named', async () => {
    expect(await run('2020-12', '')).toEqual({
      right: 1144,
      strictFormats: 15,
      wrong: [
        'properties.json: properties whose names are Javascript object property names: ' +
          '__proto__ not valid',
        'unevaluatedItems.json: unevaluatedItems with nested items: with no additional items',
        'unevaluatedItems.json: unevaluatedItems with nested items: with invalid additional item',
        'unevaluatedItems.json: unevaluatedItems can see annotations from if without then and ' +
          'else: invalid in case if is evaluated',
        'unevaluatedProperties.json: unevaluatedProperties with if/then/else, then not defined: ' +
          'when if is false and has unevaluated properties',
      ],
      refused: {
        'another document': 44,
        $dynamicRef: 31,
        'contains beside unevaluatedItems': 13,
        'own meta-schema': 5,
      },
    });
  });

  test('optional parts: how many are right', async () => {
    const counts = await Promise.all([
      run('7', 'optional'),
      run('7', 'optional/format'),
      run('2020-12', 'optional'),
      run('2020-12', 'optional/format'),
    ]);
    expect(counts.map(({ right, wrong }) => [right, wrong.length])).toEqual([
      [108, 5],
      [392, 42],
      [145, 1],
      [443, 48],
    ]);
  });
});
