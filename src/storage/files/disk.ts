/** Files in a folder. A file is written beside its place and moved there once it is whole. */
import { existsSync, mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { newLetters } from '../../kit/ids.ts';
import type { Files } from '../ports/files.ts';

const KEY = /^[\w-]+(\/[\w.-]+)*$/;
const PART = '.part';
const MARK_CHARS = 8;

export function makeDiskFiles(dir: string): Files {
  const placeOf = (key: string): string => {
    if (!KEY.test(key) || key.includes('..')) throw new Error(`not a key of a file: ${key}`);
    return join(dir, key);
  };
  return {
    async create(key) {
      const place = placeOf(key);
      // Its own name: two that write the same file must not write into each other's.
      const beside = `${place}.${newLetters(MARK_CHARS)}${PART}`;
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      const file = await open(beside, 'wx', 0o600);
      return {
        write: (bytes) => writeAll(file, bytes),
        async close() {
          await file.sync();
          await file.close();
          await rename(beside, place);
        },
        async abort() {
          await file.close().catch(() => undefined);
          await rm(beside, { force: true });
        },
      };
    },
    async read(key, range) {
      const place = placeOf(key);
      if (!existsSync(place)) return null;
      // Of its own files the server knows the length, and says it.
      const file = Bun.file(place);
      return (range === undefined ? file : file.slice(range.start, range.end)).stream();
    },
    async remove(key) {
      const place = placeOf(key);
      await rm(place, { force: true });
      await removeParts(place);
    },
  };
}

/** A disk that is nearly full takes a part of what it is given. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

/** What a process that was killed had begun, and the folder where nothing else is in it. */
async function removeParts(place: string): Promise<void> {
  const folder = dirname(place);
  const names = await readdir(folder).catch(() => []);
  const begun = `${basename(place)}.`;
  const parts = names.filter((name) => name.startsWith(begun) && name.endsWith(PART));
  for (const name of parts) await rm(join(folder, name), { force: true });
  if (parts.length === names.length) await rmdir(folder).catch(() => undefined);
}
