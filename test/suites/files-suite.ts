/** Files in our keeping: whole or not there, whatever keeps them. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import type { Files } from '../../src/storage/ports.ts';
import type { NeedfulTest } from '../needs.ts';

export interface FilesPlace {
  readonly files: Files;
  /** Keys of all that is there, whole or in part. */
  there(): Promise<readonly string[]>;
  dispose(): void | Promise<void>;
}

const MB = 1024 * 1024;
/** More than any part of an upload, and no multiple of one. */
const LARGE_BYTES = 21 * MB + 12_345;

function pattern(bytes: number, seed: number): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 1) all[at] = (at * 31 + (at >> 8) * 7 + seed) & 255;
  return all;
}

/** In pieces of no round size. */
const PIECE_BYTES = 7_777_777;

async function put(files: Files, key: string, bytes: Uint8Array): Promise<void> {
  const writer = await files.create(key);
  const piece = Math.min(PIECE_BYTES, Math.ceil(bytes.length / 3));
  for (let at = 0; at < bytes.length; at += piece) {
    // Given and forgotten: whoever reads from the network uses its buffer again.
    const lent = bytes.slice(at, at + piece);
    await writer.write(lent);
    lent.fill(0);
  }
  await writer.close();
}

interface Means {
  readonly make: () => Promise<FilesPlace>;
  readonly test: NeedfulTest;
}

export function filesSuite(name: string, { make, test }: Means): void {
  describe(`${name}: files`, () => {
    let place: FilesPlace;
    beforeAll(async () => {
      place = await make();
    });
    afterAll(() => place?.dispose());
    const read = async (key: string, range?: { start: number; end: number }) => {
      const stream = await place.files.read(key, range);
      return stream === null ? null : new Response(stream).bytes();
    };

    test('a file comes back, whole and in parts', async () => {
      const bytes = pattern(100_000, 1);
      await put(place.files, 'a/b/0-x', bytes);
      expect(await read('a/b/0-x')).toEqual(bytes);
      const ranges = [
        ...[
          { start: 0, end: 1 },
          { start: 99_999, end: 100_000 },
          { start: 5, end: 70_000 },
        ],
      ];
      for (const { start, end } of ranges) {
        expect(await read('a/b/0-x', { start, end })).toEqual(bytes.slice(start, end));
      }
      await place.files.remove('a/b/0-x');
    });

    test('a large one, which goes up in several parts', async () => {
      const bytes = pattern(LARGE_BYTES, 2);
      await put(place.files, 'a/large/0-x', bytes);
      const digest = (some: Uint8Array | null) =>
        new Bun.CryptoHasher('sha256').update(some ?? '').digest('hex');
      expect(digest(await read('a/large/0-x'))).toBe(digest(bytes));
      const [start, end] = [9 * MB - 3, 9 * MB + 5];
      expect(await read('a/large/0-x', { start, end })).toEqual(bytes.slice(start, end));
      await place.files.remove('a/large/0-x');
    });

    test('what is not there is not there', async () => {
      expect(await read('a/none/0-x')).toBeNull();
      await place.files.remove('a/none/0-x');
    });

    test('one that is given up leaves nothing, small or large', async () => {
      for (const bytes of [10, LARGE_BYTES]) {
        const writer = await place.files.create('a/gone/0-x');
        for (let at = 0; at < bytes; at += MB) {
          await writer.write(pattern(Math.min(MB, bytes - at), 3));
        }
        await writer.abort();
        expect(await read('a/gone/0-x')).toBeNull();
      }
      expect(await place.there()).toEqual([]);
    });

    test('one that is removed is gone, and the others stay', async () => {
      await put(place.files, 'a/c/0-x', pattern(10, 4));
      await put(place.files, 'a/c/0-y', pattern(10, 5));
      await place.files.remove('a/c/0-x');
      expect(await read('a/c/0-x')).toBeNull();
      expect(await read('a/c/0-y')).toEqual(pattern(10, 5));
      await place.files.remove('a/c/0-y');
      expect(await place.there()).toEqual([]);
    });
  });
}
