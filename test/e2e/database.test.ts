/** Which database a command opens, and what it says where it cannot. */
import { afterAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { cleanUp, makeFolder, runCli } from './gateway.ts';

const PASSWORD = 'topsecretword';

let cluster: Cluster | undefined;
afterAll(async () => {
  await cleanUp();
  cluster?.dispose();
});

const REFUSED: readonly (readonly [name: string, env: Record<string, string>, says: RegExp])[] = [
  [
    'another kind of database',
    { DATABASE_URL: `mysql://me:${PASSWORD}@localhost/x` },
    /DATABASE_URL: must be postgres:/,
  ],
  [
    'no URL at all',
    { GANGWAY_STORAGE_DATABASE_URL: `postgres://me:${PASSWORD}@:x:y/z` },
    /storage\.database_url: must be postgres:/,
  ],
  [
    'a reference to nothing',
    { GANGWAY_STORAGE_DATABASE_URL: 'env:NOT_SET_ANYWHERE' },
    /storage\.database_url cannot be read \(this variable is not set\)/,
  ],
  [
    'a server that is not there',
    { DATABASE_URL: `postgres://me:${PASSWORD}@127.0.0.1:1/x` },
    /PostgreSQL cannot be used \(.*ECONNREFUSED/,
  ],
];

describe('a database that cannot be', () => {
  test.each(REFUSED)('%s is refused in words, without its password', async (_, env, says) => {
    const run = await runCli(['audit'], { env });
    expect(run.code).toBe(1);
    expect(run.err).toMatch(says);
    expect(run.err + run.out).not.toContain(PASSWORD);
  });
});

describe('PostgreSQL by reference', () => {
  needs('postgres')('is migrated by hand where the settings say so', async () => {
    cluster = await startCluster();
    const file = join(makeFolder(), 'url');
    writeFileSync(file, `${await cluster.createDatabase()}\n`);
    const env = { GANGWAY_STORAGE_DATABASE_URL: `file:${file}`, GANGWAY_STORAGE_MIGRATE: 'off' };
    const early = await runCli(['audit'], { env });
    expect([early.code, early.out]).toEqual([1, '']);
    expect(early.err).toMatch(/lacks 0001-first.*Run: gangway migrate/);
    const many = await Promise.all([0, 1, 2].map(() => runCli(['migrate', '--json'], { env })));
    for (const { code, out, err } of many) {
      expect([code, err]).toEqual([0, '']);
      expect(JSON.parse(out)).toMatchObject({
        migrated: true,
        database: expect.stringMatching(/^postgres:/),
      });
    }
    const made = await runCli(['accounts', 'create', 'team', '--balance', '5'], { env });
    expect([made.code, made.err]).toEqual([0, '']);
    expect((await runCli(['audit'], { env })).code).toBe(0);
  });
});
