/** Files that others read while they are written. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/** Whole or not at all; never readable for longer, or by more, than `mode` says. */
export function writeWhole(path: string, text: string, mode: number): void {
  const beside = `${path}.${process.pid}.tmp`;
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}
