/** Who signed: a pair is opened once, forgotten when it changes; a writing request runs once. */
import { describe, expect, test } from 'bun:test';
import { makeSignedAccess, mintAccessKey, SeenSignatures } from '../../src/access/access-keys.ts';
import { Fault } from '../../src/kit/fault.ts';
import { makeSealer } from '../../src/kit/seal.ts';
import type { AccessKeyRow, AccessKeys } from '../../src/storage/ports.ts';
import { sign } from '../suites/signer.ts';
import { SimClock } from '../suites/sim-clock.ts';

const SEALER = makeSealer(new Uint8Array(32).fill(3));
const URL_TEXT = 'http://gateway.test/?Action=A&Version=V';
const MINUTE_MS = 60_000;

function start() {
  const clock = new SimClock();
  const { row, secret } = mintAccessKey('team', SEALER, clock.nowMs());
  const rows = new Map<string, AccessKeyRow>([[row.id, row]]);
  let reads = 0;
  let changed: () => void = () => undefined;
  const nothing = async () => {
    throw new Error('not asked for here');
  };
  const pairs: AccessKeys = {
    insert: nothing,
    list: nothing,
    setState: nothing,
    found: nothing,
    async byId(id) {
      reads += 1;
      return rows.get(id);
    },
    onChange(listener) {
      changed = listener;
    },
  };
  const access = makeSignedAccess({ pairs, sealer: SEALER, clock });
  const identify = (more: { secret?: string; body?: string; accessKeyId?: string } = {}) => {
    const wanted = { accessKeyId: row.id, secret, url: URL_TEXT, atMs: clock.nowMs(), ...more };
    const headers: Record<string, string> = { host: 'gateway.test', ...sign(wanted) };
    return access.identify({
      method: 'POST',
      path: '/',
      query: new URL(URL_TEXT).search.slice(1),
      header: (name) => headers[name] ?? null,
      body: Buffer.from(more.body ?? ''),
    });
  };
  const put = (more: Partial<AccessKeyRow>): void => {
    rows.set(row.id, { ...row, ...more });
    changed();
  };
  return { clock, row, secret, identify, put, reads: () => reads };
}

describe('a pair', () => {
  test('is an id and a secret that is kept sealed, bound to that id', () => {
    const { row, secret } = mintAccessKey('team', SEALER, 7);
    expect(row).toMatchObject({ accountId: 'team', state: 'active', createdMs: 7 });
    expect(row.id).toMatch(/^AKLT\w{44}$/);
    expect(row.sealed).not.toContain(secret);
    expect(SEALER.open(row.sealed, row.id)).toBe(secret);
    expect(mintAccessKey('team', SEALER, 7).row.id).not.toBe(row.id);
  });

  test('names its account, and is read once', async () => {
    const { row, identify, reads } = start();
    for (let times = 0; times < 3; times += 1) {
      const signer = await identify();
      expect(signer).toMatchObject({ accountId: 'team', accessKeyId: row.id, service: 'ark' });
    }
    expect(reads()).toBe(1);
  });

  test('another secret, an unknown id and a disabled pair are refused', async () => {
    const { identify, put } = start();
    expect(identify({ secret: 'x' })).rejects.toThrow(new Fault('signature_mismatch'));
    expect(identify({ accessKeyId: 'AKLTx' })).rejects.toThrow(new Fault('invalid_access_key'));
    await identify();
    put({ state: 'disabled' });
    expect(identify()).rejects.toThrow(new Fault('invalid_access_key'));
    put({ state: 'active' });
    await identify();
  });

  test('one whose row was exchanged for another cannot be opened', async () => {
    const { identify, put } = start();
    put({ sealed: mintAccessKey('team', SEALER, 0).row.sealed });
    expect(identify()).rejects.toThrow();
  });
});

describe('a request that changes something', () => {
  test('is carried out once; signed anew it is another', async () => {
    const { clock, identify } = start();
    (await identify()).claimOnce();
    const again = await identify();
    expect(() => again.claimOnce()).toThrow(new Fault('signature_replayed'));
    (await identify({ body: '{}' })).claimOnce();
    clock.jump(1_000);
    (await identify()).claimOnce();
  });

  test('is remembered as long as its signature is good', async () => {
    const { clock, identify } = start();
    const early = await identify();
    early.claimOnce();
    clock.jump(15 * MINUTE_MS);
    expect(() => early.claimOnce()).toThrow(new Fault('signature_replayed'));
  });

  test('memory is bounded, and what is still good is never forgotten', () => {
    const seen = new SeenSignatures(3);
    const claim = (signature: string, nowMs: number) =>
      seen.claim({ signature, untilMs: nowMs + 10 }, nowMs);
    for (const signature of ['a', 'b', 'c']) claim(signature, 0);
    expect(() => claim('d', 10)).toThrow(new Fault('overloaded'));
    expect(() => claim('a', 10)).toThrow(new Fault('signature_replayed'));
    for (const signature of ['d', 'e', 'f']) claim(signature, 11);
    expect(() => claim('g', 21)).toThrow(new Fault('overloaded'));
  });
});
