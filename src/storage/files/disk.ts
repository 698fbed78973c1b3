/** Files in a folder. A file is written beside its place and moved there once it is whole. */
import { existsSync, mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../ports/files.ts';

const KEY = /^[\w-]+(\/[\w.-]+)*$/;

export function makeDiskFiles(dir: string): Files {
  const placeOf = (key: string): string => {
    if (!KEY.test(key) || key.includes('..')) throw new Error(`not a key of a file: ${key}`);
    return join(dir, key);
  };
  return {
    async create(key) {
      const place = placeOf(key);
      const beside = `${place}.part`;
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      const file = await open(beside, 'w', 0o600);
      return {
        async write(bytes) {
          await file.write(bytes);
        },
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
      await rm(placeOf(key), { force: true });
    },
  };
}
