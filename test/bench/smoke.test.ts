import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Mock } from '../../bench/mock.ts';
import { readOptions } from '../../bench/options.ts';
import { median, quantile, spread } from '../../bench/stats.ts';
import { Framer } from '../../bench/wire.ts';

const ROOT = resolve(import.meta.dir, '../..');
const RUN_TIMEOUT_MS = 60_000;
let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gangway-bench-test-'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('messages are framed the same however their bytes are cut', () => {
  const text =
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc' +
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n' +
    'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
  for (let size = 1; size <= text.length; size++) {
    const seen: string[] = [];
    let body = '';
    const framer = new Framer({
      body: (data) => {
        body += data.toString();
      },
      end: (head) => {
        seen.push(`${head.slice(9, 12)} ${body}`);
        body = '';
      },
    });
    for (let at = 0; at < text.length; at += size) {
      framer.push(Buffer.from(text.slice(at, at + size)));
    }
    expect(seen).toEqual(['200 abc', '200 hello!', '401 ']);
    expect(framer.idle).toBe(true);
  }
});

test('the mock vendor answers calls and whole streams to an ordinary client', async () => {
  const mock = new Mock();
  const url = `http://127.0.0.1:${mock.port}/v1/chat/completions`;
  const plain: unknown = await (await fetch(url, { method: 'POST', body: '{}' })).json();
  expect(plain).toHaveProperty('usage.total_tokens', 110);
  mock.mode = { kind: 'paced', everyMs: 0, chunks: 7 };
  const events = await (await fetch(url, { method: 'POST', body: '{}' })).text();
  expect(events.match(/token \d+ /g)).toHaveLength(7);
  expect(events).toEndWith('data: [DONE]\n\n');
  expect(mock.open).toBe(0);
  mock.stop();
});

test('statistics mean what they say', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantile(samples, 0.1)).toBe(11);
  expect(median([3, 1, 2])).toBe(2);
  expect(spread([10, 12])).toBeCloseTo(0.2);
  expect(quantile([], 0.5)).toBeNaN();
});

test('options are checked', () => {
  expect(readOptions([], ROOT)?.jobs.has('soak')).toBe(false);
  expect(readOptions(['soak', '--streams', '50'], ROOT)?.streams).toBe(50);
  expect(() => readOptions(['nonsense'], ROOT)).toThrow('not one of');
  expect(() => readOptions(['unit', '--level', 'L9'], ROOT)).toThrow('not one of');
});

const rigged = ['/usr/bin/taskset', '/usr/sbin/nginx'].every((path) => Bun.file(path).size > 0);

test.if(rigged)(
  'a quick stream run against the stand-in gives a ratio to nginx',
  async () => {
    const json = join(dir, 'out.json');
    const words = ['stream', '--quick', '--stand-in', '--level', 'L2', '--json', json];
    const child = Bun.spawn([process.execPath, join(ROOT, 'bench/main.ts'), ...words], {
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const out = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(out).toContain('SSE chunk');
    const record = JSON.parse(readFileSync(json, 'utf8'));
    expect(record.results.notServed).toEqual([]);
    const [result] = record.results.stream;
    const names = result.cells.map((cell: { name: string }) => cell.name);
    expect(names).toEqual(['direct', 'nginx', 'stand-in']);
    const own = result.cells[2];
    expect(own.us === null ? own.noData : own.ratio > 0).toBeTruthy();
  },
  RUN_TIMEOUT_MS,
);
