import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSigningKey } from '../../src/cli/signing-key.ts';

const folders: string[] = [];
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'gangway-signing-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const MASTER = 'm'.repeat(32);

describe('the key that signs access tokens', () => {
  test('is made once, in a file that is its owner’s alone', () => {
    const folder = makeFolder();
    const key = readSigningKey({}, folder);
    expect(key.length).toBe(32);
    expect(readSigningKey({}, folder)).toEqual(key);
    expect(readdirSync(folder)).toEqual(['token.key']);
    expect(statSync(join(folder, 'token.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'token.key')).includes(Buffer.from(key))).toBeFalse();
    expect(readSigningKey({}, makeFolder())).not.toEqual(key);
  });

  test('is the same on every node with the same master key, and leaves no file', () => {
    const [one, other] = [makeFolder(), makeFolder()];
    const env = { GANGWAY_MASTER_KEY: MASTER };
    expect(readSigningKey(env, one)).toEqual(readSigningKey(env, other));
    expect(readSigningKey({ GANGWAY_MASTER_KEY: `${MASTER}x` }, one)).not.toEqual(
      readSigningKey(env, one),
    );
    expect(readdirSync(one)).toEqual([]);
  });

  test('is refused where it is short, damaged or cannot be read', () => {
    const folder = makeFolder();
    expect(() => readSigningKey({ GANGWAY_MASTER_KEY: 'short' }, folder)).toThrow('32 characters');
    writeFileSync(join(folder, 'token.key'), 'half');
    expect(() => readSigningKey({}, folder)).toThrow('damaged');
    expect(() => readSigningKey({}, join(folder, 'nowhere'))).toThrow('ENOENT');
  });
});
