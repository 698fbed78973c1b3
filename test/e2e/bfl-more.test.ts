/** Flux: the vendor's own words for what is wrong, and its limit of tasks at once. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

let place: NativePlace;

beforeAll(async () => {
  place = await startNative({ vendors: { bfl: { path: '/bfl/v1', key: 'sandbox-bfl-key' } } });
});
afterAll(cleanUp);

async function ask(path: string, body?: object) {
  const response = await fetch(`${place.gateway.url}/bfl/v1${path}`, {
    headers: { 'x-key': place.key },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const said = (await response.json()) as { id: string; status: string; detail: unknown };
  return { status: response.status, said };
}

test('what is wrong is listed as the vendor lists it', async () => {
  const { status, said } = await ask('/flux-pro-1.1', { prompt: 'a boat', width: 1000 });
  expect([status, said]).toEqual([
    422,
    expect.objectContaining({
      detail: [
        { loc: ['body', 'width'], msg: 'Should be 256 to 1440, of 32', type: 'value_error' },
      ],
    }),
  ]);
});

test('more tasks than the vendor takes at once wait here, and none is refused', async () => {
  const asks = Array.from({ length: 30 }, (_, n) => ask('/flux-pro-1.1', { prompt: `${n}` }));
  const ids = (await Promise.all(asks)).map(({ said }) => said.id);
  expect(new Set(ids).size).toBe(30);
  for (const id of ids) {
    await until(async () => {
      const { said } = await ask(`/get_result?id=${id}`);
      if (said.status === 'Error') throw new Error(`${id} failed`);
      return said.status === 'Ready' ? said : undefined;
    }, `${id} is ready`);
  }
  expect(await place.made()).toHaveLength(30);
}, 40_000);
