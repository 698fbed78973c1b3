/** kill -9 again and again while hundreds of jobs are under way: none lost, doubled or repaid. */
import { afterAll, describe, expect, test } from 'bun:test';
import { judge, lateness } from '../storm/judge.ts';
import { STORM_VENDORS } from '../storm/vendors.ts';
import { type Aftermath, runStorm } from '../storm/world.ts';
import { cleanUp } from './gateway.ts';

const WISH = {
  tasks: 240,
  killEveryMs: 1_500,
  kills: 6,
  jobMs: 2_500,
  pacePercent: 10,
  withinMs: 80_000,
};
const RUN_MS = 130_000;

let ran: Promise<Aftermath> | undefined;
const aftermath = (): Promise<Aftermath> => {
  ran ??= runStorm(WISH);
  return ran;
};

afterAll(cleanUp);

describe(`${WISH.tasks} tasks over ${STORM_VENDORS.length} vendors, killed again and again`, () => {
  test(
    'none is lost, sent twice, told under two ids or paid for twice',
    async () => {
      const after = await aftermath();
      expect(judge(after, WISH)).toEqual([]);
      expect(after.kills).toBeGreaterThanOrEqual(WISH.kills);
      expect(after.books).toMatchObject({ balanced: true, problems: [], unknown: 0 });
    },
    RUN_MS,
  );

  test('though answers of vendors were lost', async () => {
    const { jobs, tasks } = await aftermath();
    const lost = jobs.filter(({ prompt }) => /sandbox-(lost|no)-answer/.test(prompt));
    expect(lost.length).toBe(30);
    expect(tasks.filter(({ status }) => status === 'succeeded').length).toBeGreaterThan(230);
  });

  test('how late each end was known is told by vendor', async () => {
    const lines = lateness(await aftermath(), WISH);
    expect(lines.map((line) => line.split(':')[0])).toEqual(STORM_VENDORS.map(({ id }) => id));
    expect(lines[0]).toMatch(/: 30 ends, known after p50 \d+ ms, p95 \d+ ms/);
  });
});

describe('the judge', () => {
  test('sees each of these mistakes', async () => {
    const after = await aftermath();
    const [first, ...others] = after.tasks;
    const [job] = after.jobs;
    if (first === undefined || job === undefined) throw new Error('nothing was made');
    const judged = (change: Partial<Aftermath>): string =>
      judge({ ...after, ...change }, WISH).join('\n');
    expect(judged({ tasks: others })).toContain('acknowledged and lost');
    expect(judged({ tasks: [{ ...first, status: 'failed' }, ...others] })).toContain('not over');
    expect(judged({ jobs: [...after.jobs, job] })).toContain('sent twice');
    const again = after.told.filter(({ task }) => task === first.id);
    const other = again.map((one) => ({ ...one, id: 'another' }));
    expect(judged({ told: [...after.told, ...other] })).toContain('under several ids');
    expect(judged({ told: after.told.filter(({ task }) => task !== first.id) })).toContain(
      'not at all',
    );
    expect(judged({ ledger: after.ledger.slice(1) })).toContain('charges');
    const poorer = { ...after.account, balance: '1' };
    expect(judged({ account: poorer })).toContain('the balance is not the rest');
  });
});
