/** Books that are away while calls end: each end is written once, when they are back. */
import { describe, expect, test } from 'bun:test';
import { makeLog } from '../../src/kit/log.ts';
import { makeSettlements, type SettlementEvent } from '../../src/relay/settlements.ts';
import type { SettleRow } from '../../src/storage/ports.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { makeRig, runCall } from './rig.ts';
import { SimLedger } from './sim-ledger.ts';
import { whole } from './sim-vendors.ts';

const MINUTE_MS = 60_000;

const count = <T>(all: readonly T[], one: T): number => all.filter((each) => each === one).length;

function endOf(id: string): SettleRow {
  return {
    id,
    state: 'charged',
    charge: 7n,
    quantities: { inputTokens: 1, outputTokens: 2, cachedInputTokens: 0, reasoningTokens: 0 },
    usageSource: 'vendor',
    endReason: 'complete',
    fault: null,
    upstream: 'a',
    wireModel: 'm',
    priceId: 'p',
    attempts: '[]',
    queuedMs: 0,
    firstByteMs: 1,
    totalMs: 2,
    evidence: null,
  };
}

function makeLone() {
  const clock = new SimClock();
  const ledger = new SimLedger(clock, []);
  const told: SettlementEvent[] = [];
  const lines: { readonly message: string; readonly call: unknown }[] = [];
  const log = {
    ...makeLog('silent', () => undefined),
    error: (message: string, fields: object = {}) =>
      void lines.push({ message, call: 'call' in fields ? fields.call : null }),
  };
  const tell = (event: SettlementEvent) => void told.push(event);
  return { clock, ledger, told, lines, settlements: makeSettlements({ clock, ledger, log, tell }) };
}

describe('books that are away', () => {
  test('for a minute: the call is charged once, by what its vendor counted', async () => {
    const rig = await makeRig({}, { a: [whole()] });
    rig.ledger.isAway = true;
    expect((await runCall(rig)).fault).toBeNull();
    await rig.clock.advance(MINUTE_MS);
    expect(rig.ledger.rows).toEqual([]);
    expect(rig.settlements.waiting()).toBe(1);
    // Longer pauses, so that books which are down are not run over.
    expect(count(rig.events, 'settle failed')).toBeLessThan(12);
    rig.ledger.isAway = false;
    await rig.clock.advance(2 * MINUTE_MS);
    expect(rig.ledger.row).toMatchObject({ state: 'charged', charge: 120_000n });
    expect(rig.ledger.row.quantities).toMatchObject({ inputTokens: 100, outputTokens: 10 });
    expect(rig.settlements.waiting()).toBe(0);
    expect(count(rig.told, 'refused')).toBe(count(rig.events, 'settle failed'));
    expect(rig.told).not.toContain('dropped');
  });

  test('for an hour: asked once a minute; a new end that is taken calls all others', async () => {
    const { clock, ledger, settlements, told } = makeLone();
    ledger.isAway = true;
    for (let at = 0; at < 600; at += 1) settlements.add(endOf(`call_${at}`));
    await clock.advance(58 * MINUTE_MS);
    const before = told.length;
    await clock.advance(2 * MINUTE_MS);
    // Of 600 at most 512 are tried at once.
    expect(told.length - before).toBeLessThanOrEqual(2 * 512);
    settlements.add(endOf('call_600'));
    await clock.advance(10);
    ledger.isAway = false;
    settlements.add(endOf('call_601'));
    await clock.advance(1_500);
    expect(ledger.rows.map(({ id }) => id).sort()).toEqual(
      Array.from({ length: 602 }, (_, at) => `call_${at}`).sort(),
    );
    expect(settlements.waiting()).toBe(0);
  });

  test('one end that can never be written holds up none of the others', async () => {
    const { clock, ledger, settlements } = makeLone();
    const settle = ledger.settle.bind(ledger);
    ledger.settle = (row) => (row.id === 'bad' ? Promise.reject(new Error('no')) : settle(row));
    ledger.isAway = true;
    for (const id of ['bad', 'good', 'better']) settlements.add(endOf(id));
    await clock.advance(1_000);
    ledger.isAway = false;
    await clock.advance(10_000);
    expect(ledger.rows.map(({ id }) => id)).toEqual(['good', 'better']);
    expect(settlements.waiting()).toBe(1);
  });

  test('for too many calls: what finds no room is told with its sum, and counted', async () => {
    const { clock, ledger, settlements, told, lines } = makeLone();
    ledger.isAway = true;
    for (let at = 0; at <= 50_000; at += 1) settlements.add(endOf(`call_${at}`));
    await clock.advance(10);
    expect(settlements.waiting()).toBe(50_000);
    expect(count(told, 'dropped')).toBe(1);
    expect(lines.at(-1)).toMatchObject({ call: 'call_50000' });
    expect(lines.at(-1)?.message).toContain('may stay open');
  });
});

describe('a stop', () => {
  test('waits for books that come back in time', async () => {
    const { clock, ledger, settlements } = makeLone();
    ledger.isAway = true;
    settlements.add(endOf('call_1'));
    await clock.advance(MINUTE_MS);
    const stopped = settlements.stop();
    await clock.advance(1_000);
    ledger.isAway = false;
    await clock.until(stopped);
    expect(ledger.row).toMatchObject({ id: 'call_1', charge: 7n });
  });

  test('gives up in time, and says what is left', async () => {
    const { clock, ledger, settlements, told, lines } = makeLone();
    ledger.isAway = true;
    settlements.add(endOf('call_1'));
    await clock.advance(MINUTE_MS);
    const atMs = clock.tickMs();
    await clock.until(settlements.stop());
    expect(clock.tickMs() - atMs).toBeLessThanOrEqual(5_100);
    expect(count(told, 'dropped')).toBe(1);
    expect(lines.at(-1)).toMatchObject({ call: 'call_1' });
    settlements.add(endOf('late'));
    await clock.advance(1_000);
    expect(lines.at(-1)).toMatchObject({ call: 'late' });
  });
});
