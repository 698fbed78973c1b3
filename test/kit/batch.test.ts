import { describe, expect, test } from 'bun:test';
import { Batch } from '../../src/kit/batch.ts';

describe('Batch', () => {
  test('what comes in one turn is one group, in order', async () => {
    const groups: (readonly number[])[] = [];
    const batch = new Batch<number, number>(
      (items) => {
        groups.push(items);
        return items.map((item) => item * 2);
      },
      { sizeMax: 100, delayMs: 0 },
    );
    const first = Promise.all([1, 2, 3].map((item) => batch.add(item)));
    expect(batch.size).toBe(3);
    expect(await first).toEqual([2, 4, 6]);
    expect(await batch.add(4)).toBe(8);
    expect(groups).toEqual([[1, 2, 3], [4]]);
    expect(batch.size).toBe(0);
  });

  test('a group has a size limit; what is over comes in the next', async () => {
    const sizes: number[] = [];
    const batch = new Batch<number, number>(
      (items) => {
        sizes.push(items.length);
        return items;
      },
      { sizeMax: 4, delayMs: 0 },
    );
    const results = await Promise.all(Array.from({ length: 10 }, (_, item) => batch.add(item)));
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sizes).toEqual([4, 4, 2]);
  });

  test('an item that fails fails alone', async () => {
    const batch = new Batch<string, string>(
      (items) => {
        if (items.includes('bad')) throw new Error('disk full');
        return items;
      },
      { sizeMax: 2, delayMs: 0 },
    );
    const results = await Promise.allSettled(
      ['good', 'bad', 'fine', 'well'].map((item) => batch.add(item)),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(await batch.add('after')).toBe('after');
  });

  test('the first waits for others as long as it is told to', async () => {
    const groups: (readonly string[])[] = [];
    const batch = new Batch<string, string>(
      (items) => {
        groups.push(items);
        return items;
      },
      { sizeMax: 100, delayMs: 20 },
    );
    const first = batch.add('a');
    await Bun.sleep(2);
    expect(groups).toEqual([]);
    await Promise.all([first, batch.add('b')]);
    expect(groups).toEqual([['a', 'b']]);
  });

  test('a group whose failure is not of one item is not asked one by one', async () => {
    let runs = 0;
    const batch = new Batch<string, string>(
      () => {
        runs += 1;
        throw new Error('the disk is away');
      },
      { sizeMax: 100, delayMs: 0, splits: (error) => !String(error).includes('away') },
    );
    const results = await Promise.allSettled(['a', 'b', 'c'].map((item) => batch.add(item)));
    expect(results.every(({ status }) => status === 'rejected')).toBeTrue();
    expect(runs).toBe(1);
  });

  test('is idle once nothing waits and nothing runs', async () => {
    const gate = Promise.withResolvers<readonly string[]>();
    const batch = new Batch<string, string>(() => gate.promise, { sizeMax: 10, delayMs: 5 });
    await batch.idle();
    const added = batch.add('a');
    let isIdle = false;
    const idle = batch.idle().then(() => {
      isIdle = true;
    });
    await Bun.sleep(20);
    expect(isIdle).toBeFalse();
    gate.resolve(['a']);
    expect(await added).toBe('a');
    await idle;
  });

  test('answers only once a slow run has ended; a run that rejects is a failure too', async () => {
    const gate = Promise.withResolvers<readonly string[]>();
    const batch = new Batch<string, string>(() => gate.promise, { sizeMax: 10, delayMs: 0 });
    let told = false;
    const one = batch.add('a').finally(() => {
      told = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBeFalse();
    const two = batch.add('b');
    gate.reject(new Error('no disk'));
    const results = await Promise.allSettled([one, two]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
