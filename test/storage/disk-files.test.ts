/** Kept files in a folder. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDiskFiles } from '../../src/storage/files/disk.ts';
import { filesSuite } from '../suites/files-suite.ts';

const makePlace = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gangway-files-'));
  const there = async () =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  return { dir, there, files: makeDiskFiles(dir), dispose: () => rmSync(dir, { recursive: true }) };
};

filesSuite('disk', { make: makePlace, test });

describe('a folder', () => {
  test('is left by no key', async () => {
    const { files, dispose } = await makePlace();
    for (const key of ['../x', 'a/../../x', '/etc/passwd', 'a//b', 'a/.. /b', '', 'a/b\0c']) {
      await expect(files.create(key)).rejects.toThrow(/not a key/);
      await expect(files.read(key)).rejects.toThrow(/not a key/);
      await expect(files.remove(key)).rejects.toThrow(/not a key/);
    }
    dispose();
  });

  test('holds no file before it is whole; two that write one do not mix', async () => {
    const { files, there, dispose } = await makePlace();
    const [one, two] = [await files.create('a/b'), await files.create('a/b')];
    await one.write(new Uint8Array(1_000).fill(1));
    await two.write(new Uint8Array(500).fill(2));
    expect(await files.read('a/b')).toBeNull();
    await one.close();
    await two.abort();
    const bytes = await new Response(await files.read('a/b')).bytes();
    expect(bytes).toEqual(new Uint8Array(1_000).fill(1));
    expect(await there()).toEqual(['b']);
    dispose();
  });

  test('is rid of what a killed process had begun, and of itself where it is empty', async () => {
    const { dir, files, there, dispose } = await makePlace();
    const dead = await files.create('a/t/0-x');
    const live = await files.create('a/t/0-xy');
    await files.remove('a/t/0-x');
    expect((await there()).map((name) => name.slice(0, 5))).toEqual(['0-xy.']);
    await live.abort();
    await files.remove('a/t/0-x');
    expect(readdirSync(join(dir, 'a'))).toEqual([]);
    await dead.abort();
    dispose();
  });
});
