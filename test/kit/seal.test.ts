import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveKey, makeSealer, readMasterKey } from '../../src/kit/seal.ts';

const KEY = new Uint8Array(32).fill(1);
const SECRET = 'naïve secret 豆';

describe('a sealed secret', () => {
  const sealer = makeSealer(KEY);

  test('comes back, and is different each time', () => {
    const [one, two] = [sealer.seal(SECRET, 'a'), sealer.seal(SECRET, 'a')];
    expect(one).not.toBe(two);
    expect(one).toStartWith(`v1.${sealer.keyId}.`);
    for (const sealed of [one, two]) {
      expect(sealer.open(sealed, 'a')).toBe(SECRET);
      expect(sealed).not.toContain('secret');
    }
    expect(sealer.open(sealer.seal('', 'a'), 'a')).toBe('');
  });

  test('is bound to its record', () => {
    expect(() => sealer.open(sealer.seal(SECRET, 'a'), 'b')).toThrow();
  });

  test('is refused with any character changed, and cut anywhere', () => {
    const sealed = sealer.seal(SECRET, 'a');
    for (let at = 0; at < sealed.length; at += 1) {
      expect(() => sealer.open(sealed.slice(0, at), 'a')).toThrow();
      // Exchanging the first character of a group of bits always changes a byte.
      const other = sealed[at] === 'A' ? 'x' : 'A';
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(sealed, 'base64url'))) continue;
      expect(() => sealer.open(changed, 'a')).toThrow();
    }
    expect(() => sealer.open(`${sealed}.x`, 'a')).toThrow('not a sealed secret');
  });

  test('another master key says that it is another', () => {
    const other = makeSealer(new Uint8Array(32).fill(2));
    expect(other.keyId).not.toBe(sealer.keyId);
    const open = () => other.open(sealer.seal(SECRET, 'a'), 'a');
    expect(open).toThrow(`sealed with master key ${sealer.keyId}, but this one is ${other.keyId}`);
  });

  test('a key of another size is none', () => {
    expect(() => makeSealer(new Uint8Array(16))).toThrow('32 bytes');
  });
});

describe('the master key', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gangway-seal-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test('is made once, for its owner alone', () => {
    const data = join(dir, 'made', 'deep');
    const key = readMasterKey(data, {});
    expect(key.length).toBe(32);
    expect(Buffer.from(readMasterKey(data, {}))).toEqual(Buffer.from(key));
    expect(readdirSync(data)).toEqual(['master.key']);
    expect(statSync(join(data, 'master.key')).mode & 0o777).toBe(0o600);
  });

  test('comes from the environment in base64, hex, or by reference', () => {
    const base64 = Buffer.from(KEY).toString('base64');
    const file = join(dir, 'key.txt');
    writeFileSync(file, `${base64}\n`);
    for (const given of [base64, Buffer.from(KEY).toString('hex'), `file:${file}`]) {
      const key = readMasterKey(dir, { GANGWAY_MASTER_KEY: given });
      expect(Buffer.from(key)).toEqual(Buffer.from(KEY));
    }
    expect(readdirSync(dir)).not.toContain('master.key');
  });

  test('one that is not well formed is refused without being told', () => {
    const given = 'hunter2-hunter2-hunter2';
    const read = () => readMasterKey(dir, { GANGWAY_MASTER_KEY: given });
    expect(read).toThrow('GANGWAY_MASTER_KEY: the master key must be 32 bytes');
    expect(read).not.toThrow(given);
    writeFileSync(join(dir, 'master.key'), 'short');
    expect(() => readMasterKey(dir, {})).toThrow('must be 32 bytes');
    expect(readFileSync(join(dir, 'master.key'), 'utf8')).toBe('short');
    rmSync(join(dir, 'master.key'));
  });
});

describe('deriveKey', () => {
  const master = new Uint8Array(32).fill(1);

  test('one purpose has one key, another one another', () => {
    expect(deriveKey(master, 'tokens')).toEqual(deriveKey(master, 'tokens'));
    expect(deriveKey(master, 'tokens')).not.toEqual(deriveKey(master, 'links'));
    expect(deriveKey(new Uint8Array(32).fill(2), 'tokens')).not.toEqual(
      deriveKey(master, 'tokens'),
    );
    expect(deriveKey(master, 'tokens')).not.toEqual(master);
  });
});
