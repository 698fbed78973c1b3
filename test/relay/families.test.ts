/** What a model is asked for: only what its kind serves, and only where its vendor has it. */
import { expect, test } from 'bun:test';
import { makeRig, runCall } from './rig.ts';
import { whole } from './sim-vendors.ts';

test('a model that does not serve this is said so, and nothing is held', async () => {
  const rig = await makeRig({ ask: { family: 'embeddings' } }, { a: [whole()] });
  const { fault } = await runCall(rig);
  expect(fault?.code).toBe('wrong_model_kind');
  expect(fault?.message).toBe('The model "m" does not serve embeddings here.');
  expect(rig.events).toEqual([]);
});

test('a format that no vendor of the model can be asked in is the same', async () => {
  const rig = await makeRig({ ask: { dialect: 'smoke-signals' } }, { a: [whole()] });
  expect((await runCall(rig)).fault?.code).toBe('wrong_model_kind');
});

test('a call that must go to one upstream goes nowhere else', async () => {
  const vendors = { a: [whole()], b: [whole()] };
  const rig = await makeRig({ ask: { upstream: 'b' } }, vendors);
  expect((await runCall(rig)).fault).toBeNull();
  expect(rig.events).toEqual(['hold', 'held', 'ask b', 'settle']);
  const gone = await makeRig({ ask: { upstream: 'c' } }, vendors);
  expect((await runCall(gone)).fault?.code).toBe('no_upstream');
});
