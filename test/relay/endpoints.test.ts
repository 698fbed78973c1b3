/** An endpoint's name becomes its model; who may use it, and what the books say. */
import { describe, expect, test } from 'bun:test';
import { isEndpointId, makeEndpoints } from '../../src/relay/endpoints.ts';
import type { EndpointRow } from '../../src/storage/ports.ts';
import { endpointRow } from '../suites/access-suite.ts';
import { makeRig, runCall, type Wish } from './rig.ts';
import { whole } from './sim-vendors.ts';

const ID = 'ep-20261122080000-abcde';
const OTHER_ID = 'ep-20261122080000-other';

async function call(wish: Wish, model = ID) {
  const rig = await makeRig(wish, { a: [whole(), whole(), whole()] });
  const { fault } = await runCall(rig, { model });
  return { rig, told: fault === null ? 'ok' : `${fault.status} ${fault.code}` };
}

const endpoints = [endpointRow('default', { id: ID })];

describe('a call by an endpoint’s name', () => {
  test('is carried to its model, under its name in the books', async () => {
    const { rig, told } = await call({ endpoints });
    expect(told).toBe('ok');
    expect(rig.ledger.holds[0]).toMatchObject({ model: 'm', endpoint: ID });
    expect(rig.events).toEqual(['hold', 'held', 'ask a', 'settle']);
  });

  test('by the model’s own name the books name no endpoint', async () => {
    const { rig } = await call({ endpoints }, 'm');
    expect(rig.ledger.holds[0]).toMatchObject({ model: 'm', endpoint: null });
  });

  test.each([
    ['every model', null, 'ok', 'ok'],
    ['the endpoint', [ID], 'ok', '403 model_not_allowed'],
    ['its model', ['m'], 'ok', 'ok'],
    ['another endpoint', [OTHER_ID], '403 model_not_allowed', '403 model_not_allowed'],
    ['nothing', [], '403 model_not_allowed', '403 model_not_allowed'],
  ])('a key for %s', async (...[, models, byEndpoint, byModel]) => {
    const key = { models };
    expect((await call({ endpoints, key })).told).toBe(byEndpoint);
    expect((await call({ endpoints, key }, 'm')).told).toBe(byModel);
  });

  test.each([
    ['unknown', [], '404 model_not_found'],
    ['another account’s', [endpointRow('them', { id: ID })], '404 model_not_found'],
    ['stopped', [endpointRow('default', { id: ID, state: 'Stopped' })], '400 endpoint_stopped'],
    [
      'of a model that is gone',
      [endpointRow('default', { id: ID, model: 'x' })],
      '404 model_not_found',
    ],
  ] as const)('%s: nothing is held, nobody asked', async (_, rows, refusal) => {
    const { rig, told } = await call({ endpoints: rows });
    expect(told).toBe(refusal);
    expect(rig.events).toEqual([]);
  });

  test('a stopped one does not tell strangers that it is there', async () => {
    const rows = [endpointRow('default', { id: ID, state: 'Stopped' })];
    expect((await call({ endpoints: rows, key: { models: [] } })).told).toBe(
      '403 model_not_allowed',
    );
  });

  test('its limits refuse before anything is held', async () => {
    const rows = [endpointRow('default', { id: ID, requestsPerMinute: 1 })];
    const rig = await makeRig({ endpoints: rows }, { a: [whole(), whole()] });
    expect((await runCall(rig, { model: ID })).fault).toBeNull();
    const { fault } = await runCall(rig, { model: ID });
    expect(fault?.code).toBe('rate_limit_exceeded');
    expect(rig.ledger.holds.length).toBe(1);
  });
});

test('the form of an endpoint’s name', () => {
  expect(isEndpointId(ID)).toBeTrue();
  for (const name of ['m', 'ep-', `${ID}x`, `x${ID}`, 'ep-2026-abcde', ID.toUpperCase()]) {
    expect(isEndpointId(name)).toBeFalse();
  }
});

describe('rows are kept', () => {
  function start() {
    const rows = new Map<string, EndpointRow>([[ID, endpointRow('default', { id: ID })]]);
    let tell: () => void = () => undefined;
    let reads = 0;
    const resolver = makeEndpoints({
      async byId(id) {
        reads += 1;
        const row = rows.get(id);
        await Promise.resolve();
        return row;
      },
      onChange(changed) {
        tell = changed;
      },
    });
    const stop = (): void => {
      rows.set(ID, endpointRow('default', { id: ID, state: 'Stopped' }));
      tell();
    };
    return { resolver, stop, reads: () => reads };
  }

  test('until something changes', async () => {
    const { resolver, stop, reads } = start();
    for (let times = 0; times < 3; times += 1) await resolver.find(ID, 'default');
    expect([reads(), await resolver.find(ID, 'them')]).toEqual([1, null]);
    stop();
    expect(await resolver.find(ID, 'default')).toMatchObject({ state: 'Stopped' });
    expect(reads()).toBe(2);
  });

  test('and what was read before a change does not outlive it', async () => {
    const { resolver, stop } = start();
    const early = resolver.find(ID, 'default');
    stop();
    expect(await early).toMatchObject({ state: 'Running' });
    expect(await resolver.find(ID, 'default')).toMatchObject({ state: 'Stopped' });
  });
});
