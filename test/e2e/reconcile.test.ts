/** `gangway reconcile` on the books of real calls. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ledgerCalls } from './books.ts';
import { cleanUp, type Gateway, makeFolder, runCli, startGateway, until } from './gateway.ts';

const CALLS = 3;
let gateway: Gateway;
let day: string;
let tokens = 0;

beforeAll(async () => {
  gateway = await startGateway();
  for (let times = 0; times < CALLS; times += 1) {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'ark/sandbox-fast',
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    expect(response.status).toBe(200);
  }
  const charged = async () =>
    (await ledgerCalls(gateway)).filter(({ state }) => state === 'charged').length === CALLS;
  await until(charged, 'all is charged');
  for (const call of await ledgerCalls(gateway)) tokens += call.inputTokens + call.outputTokens;
  day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
});
afterAll(cleanUp);

const side = z.object({
  measure: z.string(),
  bill: z.string(),
  ours: z.string(),
  drift_percent: z.string().nullable(),
});
const report = z.object({
  vendor: z.literal('ark'),
  lines: z.array(side.extend({ day: z.string(), model: z.string().nullable() })),
  totals: z.array(side),
  rows: z.number(),
  errors: z.array(z.object({ line: z.number(), why: z.string() })),
});

function keep(text: string): string {
  const path = join(makeFolder(), 'export.csv');
  writeFileSync(path, text);
  return path;
}

const run = (...words: string[]) => runCli(['reconcile', '--data', gateway.data, ...words]);
const HEAD = 'BillingDate,SplitItemID,Currency,PayableAmount,Count,Unit\n';

describe('a bill of Ark', () => {
  test('that says the same has no drift in tokens; the model is found by an alias', async () => {
    const count = (tokens / 1_000).toFixed(3);
    const file = keep(`${HEAD}${day},ep-1,CNY,1.5,${count},千tokens\n`);
    const words = ['--vendor', 'ark', '--file', file, '--alias', 'ep-1=sandbox-fast', '--json'];
    const { code, out } = await run(...words);
    expect(code).toBe(0);
    const { lines, rows } = report.parse(JSON.parse(out));
    expect(rows).toBe(1);
    expect(lines.find(({ measure }) => measure === 'tokens')).toEqual({
      ...{ day, model: 'sandbox-fast', measure: 'tokens', drift_percent: '0.00' },
      ...{ bill: String(tokens), ours: String(tokens) },
    });
    expect(lines.find(({ measure }) => measure === 'amount')?.bill).toBe('1.5');
  });

  test('that says twice as much is told so to people', async () => {
    const count = ((tokens * 2) / 1_000).toFixed(3);
    const file = keep(`${HEAD}${day},sandbox-fast,CNY,,${count},千tokens\n`);
    const { code, out } = await run('--vendor', 'ark', '--file', file);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(`${day} +sandbox-fast +tokens +${tokens * 2} +${tokens} +\\+100.00 %`),
    );
    expect(out).toMatch(/total +tokens/);
  });

  test('with rows that cannot be read: named by line, exit status 1', async () => {
    const file = keep(`${HEAD}${day},a,CNY,1,1,千tokens\nsoon,a,CNY,1,1,千tokens\n`);
    const { code, out } = await run('--vendor', 'ark', '--file', file, '--json');
    expect(code).toBe(1);
    expect(report.parse(JSON.parse(out)).errors).toEqual([{ line: 3, why: '"soon" is no day' }]);
    expect((await run('--vendor', 'ark', '--file', file)).out).toContain('line 3: "soon"');
  });

  test('of another month has nothing of ours; in GB 18030 as well', async () => {
    const head = [0xd5, 0xcb, 0xb5, 0xa5, 0xc8, 0xd5, 0xc6, 0xda];
    const amount = [0xd3, 0xa6, 0xb8, 0xb6, 0xbd, 0xf0, 0xb6, 0xee];
    const bytes = Buffer.concat([
      Buffer.from(head),
      Buffer.from(','),
      Buffer.from(amount),
      Buffer.from('\n2020-01-15,2\n2020-02-15,3\n'),
    ]);
    const path = join(makeFolder(), 'gbk.csv');
    writeFileSync(path, bytes);
    const words = ['--vendor', 'ark', '--file', path, '--month', '2020-01', '--json'];
    const { lines, totals } = report.parse(JSON.parse((await run(...words)).out));
    expect(lines.length).toBe(1);
    expect(totals).toEqual([{ measure: 'amount', bill: '2', ours: '0', drift_percent: null }]);
  });
});

test.each([
  [['--vendor', 'nobody', '--file', 'x'], '--vendor must be one of'],
  [['--vendor', 'ark'], '--file is missing'],
  [['--vendor', 'ark', '--file', 'x', '--month', '2026-13'], '--month must be YYYY-MM'],
  [['--vendor', 'ark', '--file', 'x', '--format', 'mine'], '--format may be plain'],
])('%p is refused by name', async (words, says) => {
  const { code, err } = await run(...words);
  expect([code, err.includes(says)]).toEqual([2, true]);
});

test('a currency without an exchange rate is named', async () => {
  const file = keep('day,model,amount,currency\n2026-11-01,m,1,EUR\n');
  const { code, err } = await run('--vendor', 'ark', '--file', file, '--format', 'plain');
  expect([code, err]).toEqual([1, expect.stringContaining('exchange.EUR: set what it costs')]);
});
