/** Every command: its help, its JSON, its exit status; beside a running server and without one. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { createKey } from './books.ts';
import { readAll, sendChat } from './chat.ts';
import { cleanUp, type Gateway, makeFolder, runCli, startGateway } from './gateway.ts';

const COMMANDS = [
  'serve',
  'sandbox',
  'keys',
  'access-keys',
  'apps',
  'accounts',
  'budgets',
  'statement',
  'usage',
  'tasks',
  'notices',
  'audit',
  'migrate',
  'check',
];

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  await readAll(await sendChat({ ...gateway, model: 'sandbox-fast' }));
});
afterAll(cleanUp);

describe('help', () => {
  test.concurrent.each(COMMANDS)('%s --help', async (command) => {
    const data = join(makeFolder(), 'data');
    const run = await runCli([command, '--help'], { env: { GANGWAY_DATA_DIR: data } });
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out).toContain(command);
    expect(run.out.split('\n').length).toBeGreaterThan(2);
  });

  test('of all, and for what is no command', async () => {
    const all = await runCli([]);
    expect(all.code).toBe(0);
    for (const command of COMMANDS) expect(all.out).toContain(`gangway ${command}`);
    expect((await runCli(['dance'])).code).toBe(2);
    const wrong = await runCli(['audit', '--quickly']);
    expect([wrong.code, wrong.out]).toEqual([2, '']);
    expect(wrong.err).toContain('--quickly');
  });
});

/** A command and what its JSON has. */
const JSON_COMMANDS: readonly (readonly [words: readonly string[], shape: z.ZodType])[] = [
  [['accounts', 'create', 'team', '--balance', '5'], z.object({ balance: z.literal('5') })],
  [['accounts', 'top-up', 'team', '0.5'], z.object({ balance: z.literal('5.5') })],
  [['accounts', 'show', 'team'], z.object({ name: z.literal('team'), held: z.literal('0') })],
  [['accounts', 'list'], z.array(z.object({ name: z.string(), balance: z.string() })).min(2)],
  [
    ['keys', 'create', '--account', 'team', '--rpm', '7', '--budget', '1', '--expires', '12h'],
    z.object({ id: z.string(), key: z.string(), rpm: z.literal(7), budget: z.literal('1') }),
  ],
  [['keys', 'create', '--count', '3'], z.array(z.object({ key: z.string() })).length(3)],
  [['keys', 'list'], z.array(z.object({ id: z.string(), hint: z.string() })).min(5)],
  [
    ['apps', 'create', '--name', 'n', '--callback-domain', 'example.com', '--scenario', 's'],
    z.strictObject({ id: z.string(), api_key: z.string(), api_secret: z.string() }),
  ],
  [['apps', 'list'], z.array(z.object({ id: z.string(), hint: z.string() })).min(1)],
  [
    ['access-keys', 'create', '--account', 'team'],
    z.strictObject({
      access_key_id: z.string().regex(/^AKLT\w{44}$/),
      secret_access_key: z.string().min(40),
    }),
  ],
  [
    ['access-keys', 'list', '--account', 'team'],
    z.array(z.object({ access_key_id: z.string(), state: z.literal('active') })).length(1),
  ],
  [['usage'], z.array(z.object({ model: z.string(), charge: z.string() })).min(1)],
  [['usage', 'calls'], z.array(z.object({ id: z.string(), state: z.string() })).min(1)],
  [
    ['budgets', 'set', '--account', 'team', '--per', 'day', '2.5'],
    z.tuple([z.object({ scope: z.literal('account'), limit: z.literal('2.5'), held: z.string() })]),
  ],
  [
    ['budgets', 'set', '--account', 'team', '--per', 'total', '--tokens', '9000'],
    z.tuple([z.object({ unit: z.literal('tokens'), left: z.literal('9000'), resets: z.null() })]),
  ],
  [['budgets', 'list', '--account', 'team'], z.array(z.object({ per: z.string() })).length(2)],
  [
    ['statement', '--account', 'team', '--limit', '1'],
    z.object({
      opening: z.literal('0'),
      entries: z.array(z.object({ amount: z.literal('5'), other: z.literal('funding') })).length(1),
      next: z.string(),
    }),
  ],
  [['audit'], z.object({ balanced: z.literal(true), open_holds: z.number() })],
  [['migrate'], z.object({ migrated: z.literal(true) })],
];

describe('--json', () => {
  test.each(JSON_COMMANDS)('%j prints one line', async (words, shape) => {
    const run = await runCli([...words, '--data', gateway.data, '--json']);
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out.trimEnd().split('\n')).toHaveLength(1);
    shape.parse(JSON.parse(run.out));
  });

  test('keys disable and enable', async () => {
    const { id } = await createKey(gateway);
    for (const [action, state] of [
      ['disable', 'disabled'],
      ['enable', 'active'],
    ] as const) {
      expect(await gateway.cli('keys', action, id)).toEqual({ id, state });
    }
  });

  test('check and the list of the sandbox', async () => {
    const check = await runCli(['check', '--json']);
    expect(JSON.parse(check.out)).toMatchObject({ ok: true });
    const list = await runCli(['sandbox', '--list', '--json']);
    expect(JSON.parse(list.out)).toHaveProperty('faults');
  });

  test('works where no server runs, on an empty folder too', async () => {
    const data = join(makeFolder(), 'data');
    for (const words of [['audit'], ['accounts', 'show', 'default'], ['keys', 'create']]) {
      const run = await runCli([...words, '--data', data, '--json']);
      expect([words[0], run.code, run.err]).toEqual([words[0], 0, '']);
    }
  });
});

describe('without --json', () => {
  test.each(JSON_COMMANDS.map(([words]) => words).filter((words) => words[1] !== 'create'))(
    '%s %s for people',
    async (...words) => {
      const run = await runCli([...words.map(String), '--data', gateway.data]);
      expect([run.code, run.err]).toEqual([0, '']);
      expect(run.out.trim()).not.toBe('');
    },
  );
});

const WRONG: readonly (readonly string[])[] = [
  ['accounts', 'show', 'nobody'],
  ['accounts', 'create', 'default'],
  ['accounts', 'create', 'a b'],
  ['accounts', 'top-up', 'default', 'much'],
  ['accounts', 'top-up', 'default', '-1'],
  ['accounts'],
  ['keys', 'create', '--account', 'nobody'],
  ['access-keys', 'create', '--account', 'nobody'],
  ['access-keys', 'disable', 'AKLTnone'],
  ['access-keys', 'disable'],
  ['keys', 'create', '--rpm', 'many'],
  ['keys', 'create', '--addresses', 'here'],
  ['keys', 'create', '--expires', 'soon'],
  ['keys', 'create', '--disconnect', 'maybe'],
  ['keys', 'disable', 'key_nobody'],
  ['keys', 'disable'],
  ['usage', 'calls', '--state', 'odd'],
  ['usage', '--days', '0'],
  ['usage', 'resolve', 'call_nobody', '--release'],
  ['budgets', 'set', '--account', 'default', '--per', 'week', '1'],
  ['budgets', 'set', '--account', 'default', '--per', 'day', 'much'],
  ['budgets', 'set', '--account', 'default', '--per', 'day', '--tokens', '1.5'],
  ['budgets', 'set', '--key', 'key_nobody', '--per', 'day', '1'],
  ['budgets', 'set', '--per', 'day', '1'],
  ['budgets', 'remove', '--account', 'default', '--per', 'day'],
  ['statement'],
  ['statement', '--account', 'nobody'],
  ['statement', '--account', 'default', '--month', '2026-13'],
  ['statement', '--account', 'default', '--after', 'here'],
];

describe('a mistake is said in words, with 2', () => {
  test.concurrent.each(WRONG.map((words) => [words.join(' '), words] as const))(
    '%s',
    async (_, words) => {
      const run = await runCli([...words, '--data', gateway.data, '--json']);
      expect([run.code, run.out]).toEqual([2, '']);
      expect(run.err).not.toContain('    at ');
      expect(run.err.trim()).not.toBe('');
    },
  );
});
