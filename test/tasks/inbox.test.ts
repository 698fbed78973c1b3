/** Files that were handed in: how long they stay, and what a crash or a refusal leaves behind. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePng } from '../../sandbox/tasks/files.ts';
import { makeSigner } from '../../src/kit/signed.ts';
import { makeDiskFiles } from '../../src/storage/files/disk.ts';
import { expireResults } from '../../src/tasks/custody.ts';
import { type Inbox, makeInbox } from '../../src/tasks/inbox.ts';
import { makeRig, type Rig } from './rig.ts';

const LIFE_MS = 3_600_000;
const MORE = { name: 'a.png', metadata: {} };

let rig: Rig;
let dir: string;
let inbox: Inbox;
let account: string;

beforeEach(async () => {
  rig = await makeRig();
  dir = mkdtempSync(join(tmpdir(), 'gangway-inbox-'));
  account = rig.purse.accountId;
  const { results, resources } = rig.store;
  inbox = makeInbox({
    ...{ clock: rig.clock, files: makeDiskFiles(dir), results, resources },
    signer: makeSigner(new Uint8Array(32).fill(5)),
    settings: { bytesMax: 100_000, accountBytesMax: 150_000, handedLifeMs: LIFE_MS },
  });
});
afterEach(async () => {
  rmSync(dir, { recursive: true, force: true });
  await rig.stop();
});

const blob = (seed: number) => new Blob([makePng(seed)], { type: 'image/png' });
const onDisk = () =>
  readdirSync(dir, { recursive: true }).filter((name) => `${name}`.includes('file'));

test('a file is gone when its time is over, its bytes and its pass with it', async () => {
  const file = await inbox.put(account, blob(1), MORE);
  expect(await inbox.look(file.pass, file.id)).toMatchObject({ id: file.id, mime: 'image/png' });
  expect(onDisk()).toHaveLength(1);
  rig.clock.jump(LIFE_MS);
  await expect(inbox.find(account, file.id)).rejects.toMatchObject({ code: 'resource_not_found' });
  await expect(inbox.open(file.pass, file.id)).rejects.toMatchObject({
    code: 'resource_not_found',
  });
  expect(await inbox.list(account, { after: null, order: 'asc', limit: 9 })).toEqual([]);
  const { results } = rig.store;
  await expireResults({ clock: rig.clock, files: makeDiskFiles(dir), results });
  expect(onDisk()).toEqual([]);
  expect(await results.bytesOf(account)).toBe(0);
});

test('the same bytes are one file, until it is half way to its end', async () => {
  const both = await Promise.all([1, 2].map(() => inbox.putOnce(account, blob(1), MORE)));
  expect(both[0]?.id).toBe(both[1]?.id as string);
  expect((await inbox.putOnce(account, blob(2), MORE)).id).not.toBe(both[0]?.id as string);
  rig.clock.jump(LIFE_MS / 2);
  const later = await inbox.putOnce(account, blob(1), MORE);
  expect(later.id).toBe(both[0]?.id as string);
  expect(later.expiresMs).toBe((both[0]?.expiresMs ?? 0) + LIFE_MS / 2);
  expect(onDisk()).toHaveLength(2);
});

test('what is refused half way leaves nothing, and costs no room', async () => {
  const { results } = rig.store;
  const huge = new Blob([makePng(1), new Uint8Array(100_000)]);
  await expect(inbox.put(account, huge, MORE)).rejects.toMatchObject({ code: 'body_too_large' });
  const page = new Blob(['<html>']);
  await expect(inbox.put(account, page, { ...MORE, isMedia: true })).rejects.toMatchObject({
    code: 'unsupported_media_type',
  });
  async function* broken() {
    yield makePng(1);
    throw new Error('the line is cut');
  }
  await expect(inbox.take(account, broken(), MORE)).rejects.toThrow('the line is cut');
  expect([onDisk(), await results.bytesOf(account)]).toEqual([[], 0]);
});

test('its pass is for it alone, and nobody writes one', async () => {
  const [one, two] = await Promise.all([1, 2].map((seed) => inbox.put(account, blob(seed), MORE)));
  expect(await inbox.look(one?.pass ?? '', two?.id ?? '')).toBeNull();
  expect(await inbox.look(`in~${account}~${one?.id}.x`, one?.id ?? '')).toBeNull();
  expect(await inbox.open('', one?.id ?? '')).toBeNull();
  const opened = await inbox.open(one?.pass ?? '', one?.id ?? '');
  const bytes = await new Response(opened?.body).bytes();
  expect(Buffer.from(bytes).equals(makePng(1))).toBe(true);
});
