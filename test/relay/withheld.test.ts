/** An upstream whose credential cannot be had: passed over, and nobody's fault but ours. */
import { expect, test } from 'bun:test';
import { makeRig, runCall } from './rig.ts';
import { whole } from './sim-vendors.ts';

const WITHHELD = { credential: null, withheld: true };

test('the next upstream answers, and the breaker learns nothing', async () => {
  const rig = await makeRig({ upstreams: [WITHHELD, {}] }, { a: [whole()], b: [whole()] });
  const told = await runCall(rig, {});
  expect(told.fault?.code).toBeUndefined();
  expect(rig.events.filter((one) => one.startsWith('ask'))).toEqual(['ask b']);
  expect(rig.deps.breaker.list()).toEqual([]);
});

test('where there is no other, the caller is told and pays nothing', async () => {
  const rig = await makeRig({ upstreams: [WITHHELD] }, { a: [whole()] });
  const told = await runCall(rig, {});
  expect(told.fault?.code).toBe('credential_unavailable');
  expect(rig.events.filter((one) => one.startsWith('ask'))).toEqual([]);
  expect(rig.ledger.row.state).toBe('released');
});
