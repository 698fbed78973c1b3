/** The small ones: pointer, secret, log, freeze. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deepFreeze } from '../../src/kit/freeze.ts';
import { makeLog } from '../../src/kit/log.ts';
import { isPointer, readPointer } from '../../src/kit/pointer.ts';
import { readSecret } from '../../src/kit/secret.ts';

describe('pointer', () => {
  const rfc = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'g|h': 4,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  };
  test.each([
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/foo/2', undefined],
    ['/foo/00', undefined],
    ['/foo/-', undefined],
    ['/foo/length', undefined],
    ['/toString', undefined],
    ['/foo/0/0', undefined],
    ['foo', undefined],
    ['/m~n', undefined],
  ])('%j of the RFC', (pointer, found) => {
    expect(readPointer(rfc, pointer)).toEqual(found as string);
  });

  test('says what is a pointer', () => {
    expect(['', '/a', '/a~0~1/b', '/'].every(isPointer)).toBeTrue();
    expect(['a', '/~', '/~2', '#/a'].some(isPointer)).toBeFalse();
  });
});

describe('secret', () => {
  test('comes from the environment, a file, or stands there itself', () => {
    const dir = mkdtempSync(join(tmpdir(), 'gangway-secret-'));
    writeFileSync(join(dir, 'key'), ' from-file\n');
    expect(readSecret('env:KEY', { KEY: ' from-env ' })).toBe('from-env');
    expect(readSecret(`file:${join(dir, 'key')}`, {})).toBe('from-file');
    expect(readSecret('sk-123', {})).toBe('sk-123');
    writeFileSync(join(dir, 'key'), ' \n');
    expect(() => readSecret(`file:${join(dir, 'key')}`, {})).toThrow('this file is empty');
    rmSync(dir, { recursive: true });
  });

  test('what is not there fails, and says why', () => {
    expect(() => readSecret('env:KEY', {})).toThrow('this variable is not set');
    expect(() => readSecret('env:KEY', { KEY: '  ' })).toThrow('this variable is not set');
    expect(() => readSecret('file:/nowhere/at/all', {})).toThrow('this file cannot be read');
  });
});

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly time: number;
  readonly at?: number;
}

describe('log', () => {
  const collect = (level: 'debug' | 'warn' | 'silent') => {
    const written: string[] = [];
    const log = makeLog(level, (text) => void written.push(text));
    const lines = () =>
      written
        .join('')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Line);
    return { log, written, lines };
  };

  test('loses no line, whole lines only, in order', async () => {
    const { log, written, lines } = collect('debug');
    for (let at = 0; at < 5_000; at += 1) log.info('line', { at, pad: 'x'.repeat(at % 300) });
    expect(written.length).toBeGreaterThan(5);
    log.flush();
    expect(lines().map((line) => line.at)).toEqual(Array.from({ length: 5_000 }, (_, at) => at));
    expect(written.every((text) => text.endsWith('}\n'))).toBeTrue();
    log.warn('later');
    const deadlineMs = Date.now() + 2_000;
    while (lines().length === 5_000 && Date.now() < deadlineMs) await Bun.sleep(10);
    expect(lines().at(-1)).toMatchObject({ level: 40, msg: 'later' });
  });

  test('keeps to its level', () => {
    const { log, lines } = collect('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    log.flush();
    expect(lines().map((line) => [line.level, line.msg])).toEqual([
      [40, 'c'],
      [50, 'd'],
    ]);
    const silent = collect('silent');
    silent.log.error('e');
    silent.log.flush();
    expect(silent.written).toEqual([]);
  });

  test('writes errors and big integers', () => {
    const { log, lines } = collect('debug');
    log.error('x', { error: new TypeError('no'), amount: 2n ** 70n });
    log.flush();
    expect(lines()[0]).toMatchObject({
      error: { name: 'TypeError', message: 'no' },
      amount: '1180591620717411303424',
    });
  });
});

test('deepFreeze freezes all of it', () => {
  const value = deepFreeze({ a: [{ b: 1 }], c: null });
  expect(() => Object.assign(value.a[0] as object, { b: 2 })).toThrow();
  expect(Object.isFrozen(value.a)).toBeTrue();
});
