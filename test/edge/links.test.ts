/** Links to results: how long they are good for, whoever has them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLinkOf, type ResultEdge, resultRoutes } from '../../src/edge/results.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { makeSigner } from '../../src/kit/signed.ts';
import { makeDiskFiles } from '../../src/storage/files/disk.ts';
import type { Task } from '../../src/tasks/doc.ts';
import { ask, type Edge, startEdge } from './rig.ts';

const LIFE_MS = 3_600_000;
const TEXT = 'not really a video';
const file = {
  ...{ key: 'default/task_1/0', bytes: TEXT.length, mime: 'video/mp4', sha256: 'abc' },
  ...{ durationMs: null, width: null, height: null, expiresMs: null },
};

let nowMs = systemClock.nowMs();
let task: Task;
let edge: Edge;
let results: ResultEdge;
const dir = mkdtempSync(join(tmpdir(), 'gangway-links-'));

function taskWith(kept: typeof file | null, expiresMs: number | null = null): Task {
  const output = { type: 'video', role: 'main', url: 'data:,', lost: null } as const;
  const outputs = [{ ...output, file: kept === null ? null : { ...kept, expiresMs } }];
  const row = { id: 'task_1', accountId: 'default', state: 'succeeded' };
  const made: object = { row, doc: { outputs } };
  return made as Task;
}

beforeAll(async () => {
  const files = makeDiskFiles(dir);
  const writer = await files.create(file.key);
  await writer.write(new TextEncoder().encode(TEXT));
  await writer.close();
  results = {
    desk: { find: async () => task } as Partial<ResultEdge['desk']> as ResultEdge['desk'],
    ...{ files, linkLifeMs: LIFE_MS, publicUrl: null },
    clock: { ...systemClock, nowMs: () => nowMs },
    signer: makeSigner(new Uint8Array(32).fill(9)),
  };
  edge = await startEdge({ around: (routes) => [...routes, ...resultRoutes(results)] });
});
afterAll(async () => {
  await edge.stop();
  rmSync(dir, { recursive: true, force: true });
});

const linkOf = () => makeLinkOf(results, edge.url)(task, 0)?.slice(edge.url.length) ?? '';

test('a link is good for its life and not a second longer', async () => {
  task = taskWith(file);
  const link = linkOf();
  nowMs += LIFE_MS - 1_000;
  expect(await ask(edge, link)).toMatchObject({ status: 200, text: TEXT });
  nowMs += 2_000;
  expect(await ask(edge, link)).toMatchObject({ status: 410, code: 'result_gone' });
  expect((await ask(edge, linkOf())).status).toBe(200);
});

test('and no longer than the file', async () => {
  task = taskWith(file, nowMs + 60_000);
  const link = linkOf();
  expect((await ask(edge, link)).status).toBe(200);
  nowMs += 61_000;
  expect(await ask(edge, link)).toMatchObject({ status: 410, code: 'result_gone' });
});

test('signed with another key, or written by hand, it is none', async () => {
  task = taskWith(file);
  const other = makeSigner(new Uint8Array(32).fill(8));
  const what = ['default', 'task_1', 0, Math.floor(nowMs / 1_000) + 60].join('~');
  for (const path of [other.sign(what), what, `${what}.`, '~', 'x']) {
    expect(await ask(edge, `/results/${path}`)).toMatchObject({ status: 404, code: 'not_found' });
  }
});

test('of a file that is kept no more it leads nowhere', async () => {
  task = taskWith({ ...file, key: 'default/task_1/gone' });
  expect(await ask(edge, linkOf())).toMatchObject({ status: 410, code: 'result_gone' });
});
