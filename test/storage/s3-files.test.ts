/** Kept files in a store that speaks S3 and that others wrote. */
import { afterAll, describe, expect } from 'bun:test';
import { makeS3Files } from '../../src/storage/files/s3.ts';
import { needs } from '../needs.ts';
import { filesSuite } from '../suites/files-suite.ts';
import { type S3Server, startS3 } from './s3-place.ts';

const test = needs('moto');
let starting: Promise<S3Server> | undefined;
const server = (): Promise<S3Server> => {
  starting ??= startS3();
  return starting;
};
afterAll(async () => (await starting)?.stop());

const makePlace = async () => {
  const { place, list } = await server();
  return { files: makeS3Files(place), there: list, dispose: () => undefined };
};

filesSuite('S3', { make: makePlace, test });

describe('an S3 store', () => {
  test('has files under their prefix, and no other file is touched', async () => {
    const { place, client, list } = await server();
    await client.write('a/b', 'theirs');
    const files = makeS3Files(place);
    const writer = await files.create('a/b');
    await writer.write(new TextEncoder().encode('ours'));
    await writer.close();
    expect(await list()).toEqual(['a/b', 'gw/a/b']);
    await files.remove('a/b');
    expect(await client.file('a/b').text()).toBe('theirs');
    await client.delete('a/b');
  });

  test('that does not know our key says so, at every turn', async () => {
    const { wrong, list } = await server();
    const files = makeS3Files(wrong);
    for (const pieces of [1, 20]) {
      const writer = await files.create('x/y');
      const write = async () => {
        for (let at = 0; at < pieces; at += 1) await writer.write(new Uint8Array(1024 * 1024));
        await writer.close();
      };
      await expect(write()).rejects.toThrow(/signature/i);
      await writer.abort();
    }
    await expect(files.read('x/y')).rejects.toThrow();
    expect(await list()).toEqual([]);
  });

  test('that is away is no store without files', async () => {
    const { place } = await server();
    const files = makeS3Files({ ...place, endpoint: 'http://127.0.0.1:1' });
    await expect(files.read('x/y')).rejects.toThrow();
    await expect(files.remove('x/y')).rejects.toThrow();
  });
});
