import { describe, expect, test } from 'bun:test';
import { hashSecret, isSecret, newId, newSecret } from '../../src/kit/ids.ts';

const PREFIX = 'sk-gw-';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_ ';

describe('secrets', () => {
  test('have the prefix, 43 characters of secret and 6 of checksum', () => {
    const secret = newSecret(PREFIX);
    expect(secret).toMatch(/^sk-gw-[0-9A-Za-z]{49}$/);
    expect(isSecret(secret, PREFIX)).toBeTrue();
    expect(newSecret(PREFIX)).not.toBe(secret);
  });

  test('any one changed character is refused', () => {
    const secret = newSecret(PREFIX);
    for (let at = 0; at < secret.length; at += 1) {
      for (const char of ALPHABET) {
        if (char === secret[at]) continue;
        const changed = secret.slice(0, at) + char + secret.slice(at + 1);
        if (isSecret(changed, PREFIX)) throw new Error(`${changed} passes for ${secret}`);
      }
    }
  });

  test('any two neighbours that change places are refused, and any other length', () => {
    const secret = newSecret(PREFIX);
    for (let at = 0; at + 1 < secret.length; at += 1) {
      const [a, b] = [secret[at], secret[at + 1]];
      if (a === b) continue;
      expect(isSecret(secret.slice(0, at) + b + a + secret.slice(at + 2), PREFIX)).toBeFalse();
    }
    for (const other of ['', PREFIX, secret.slice(0, -1), `${secret}0`, ` ${secret}`]) {
      expect(isSecret(other, PREFIX)).toBeFalse();
    }
    expect(isSecret(secret, 'sk-')).toBeFalse();
    expect(isSecret(secret, 'xx-yy-')).toBeFalse();
  });

  test('are kept as SHA-256', () => {
    expect(hashSecret('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

test('ids sort by the time of their making', () => {
  const ids = Array.from({ length: 1_000 }, () => newId('call'));
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids[0]).toMatch(/^call_[0-9a-f]{32}$/);
});
