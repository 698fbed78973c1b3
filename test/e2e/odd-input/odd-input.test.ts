/** Whatever stands in a body, a path or a query: it is served or refused, never our failure. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { LISTS, PLACES } from './places.ts';
import { NAMES, NUMBERS, VALUES } from './values.ts';

const requests = z.array(z.object({ path: z.string(), body: z.json() }));
const REQUESTS = requests.parse(await Bun.file(join(import.meta.dir, 'bodies.json')).json());
const AT_ONCE = 24;
const RUN_MS = 120_000;

type Body = z.output<typeof requests>[number]['body'];
interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
}

let gateway: Gateway;

beforeAll(async () => {
  const yaml = [
    'limits: { requests_per_minute: 0, concurrency: 0 }',
    // Nobody waits for what is made of it here.
    'tasks: { submit_wait_ms: 10, open_max: 100000 }',
    'log_level: error',
  ].join('\n');
  gateway = await startGateway({ yaml });
});
afterAll(cleanUp);

/** The body with the value in each of its places, itself included. */
function* variants(body: Body, value: unknown): Generator<unknown> {
  yield value;
  if (typeof body !== 'object' || body === null) return;
  for (const [key, inner] of Object.entries(body)) {
    for (const one of variants(inner, value)) {
      yield Array.isArray(body)
        ? body.map((other, at) => (String(at) === key ? one : other))
        : { ...body, [key]: one };
    }
  }
}

/** What came of it, where that is a failure of ours. */
async function failureOf({ method, path, body }: Ask): Promise<string | null> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      authorization: `Bearer ${gateway.key}`,
      'anthropic-version': '2023-06-01',
      prefer: 'respond-async',
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    },
    body,
    redirect: 'manual',
  });
  const text = await response.text();
  if (response.status < 500) return null;
  return `${method} ${path.slice(0, 80)} ${body?.slice(0, 200)}: ${response.status} ${text}`;
}

async function failuresOf(asks: readonly Ask[]): Promise<string[]> {
  const failures: string[] = [];
  let next = 0;
  const ask = async (): Promise<void> => {
    for (let at = next; at < asks.length; at = next) {
      next += 1;
      const failure = await failureOf(asks[at] as Ask);
      if (failure !== null) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return failures;
}

describe('odd values in every place of a body', () => {
  test.each(REQUESTS)(
    '$path',
    async ({ path, body }) => {
      const asks = VALUES.flatMap((value) =>
        [...variants(body, value)].map((odd) => {
          return { method: 'POST', path, body: JSON.stringify(odd) };
        }),
      );
      expect(asks.length).toBeGreaterThan(VALUES.length);
      expect(await failuresOf(asks)).toEqual([]);
    },
    RUN_MS,
  );
});

test(
  'odd names in paths',
  async () => {
    const asks = PLACES.flatMap((place) =>
      NAMES.flatMap((name) =>
        ['GET', 'DELETE', 'POST'].map((method) => {
          const body = method === 'POST' ? '' : null;
          return { method, path: place.replaceAll('{}', name), body };
        }),
      ),
    );
    expect(await failuresOf(asks)).toEqual([]);
  },
  RUN_MS,
);

test(
  'odd numbers in queries',
  async () => {
    const asks = LISTS.flatMap((list) =>
      NUMBERS.map((number) => ({ method: 'GET', path: list + number, body: null })),
    );
    expect(await failuresOf(asks)).toEqual([]);
  },
  RUN_MS,
);

test('nothing of it goes wrong later', () => {
  const lines = gateway.err().split('\n');
  const wrong = lines.filter((line) => /internal error|could not be carried on/.test(line));
  expect(wrong).toEqual([]);
});
