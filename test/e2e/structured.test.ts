/** JSON that fits, from models that spoil theirs on purpose: all of it fits, or is a fault. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { FAULTS } from '../../sandbox/faults.ts';
import type { Json } from '../../src/kit/json.ts';
import { compileSchema } from '../../src/kit/schema/compile.ts';
import { audit, settledCalls } from './books.ts';
import { faultCode, sendChat, tell } from './chat.ts';
import { cleanUp, type Gateway, startGateway, startSandbox } from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';

const SPOILT = FAULTS.map(({ model }) => model).filter((model) => /^sandbox-json-/.test(model));
/** What the catalogue says of a model, and what follows for how it is asked. */
const KINDS = {
  native: { json: 'schema', tools: true },
  forced_tool: { json: 'object', tools: true },
  json_mode: { json: 'object', tools: false },
  prompt: { json: 'none', tools: false },
} as const;
type Mode = keyof typeof KINDS;
const MODES = Object.keys(KINDS) as Mode[];

const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    population: { type: 'integer' },
    sights: { type: 'array', items: { type: 'string' }, minItems: 1 },
  },
  required: ['city', 'population', 'sights'],
  additionalProperties: false,
};
const { check } = compileSchema(SCHEMA);
const response_format = {
  type: 'json_schema',
  json_schema: { name: 'city', strict: true, schema: SCHEMA },
};

let gateway: Gateway;

beforeAll(async () => {
  const { url } = await startSandbox();
  const upstreams = MODES.flatMap((mode) =>
    SPOILT.map((wire) => ({
      name: `${mode}-${wire}`,
      url,
      models: [{ id: `${mode}-${wire}`, wire, price: ['1', '2'] as const, ...KINDS[mode] }],
    })),
  );
  gateway = await startGateway({
    yaml: vendorsYaml(upstreams, 'limits: { requests_per_minute: 0 }'),
  });
});
afterAll(cleanUp);

interface Outcome {
  readonly fits: boolean;
  readonly fault: string | null;
  readonly mode: string;
  readonly attempts: number;
  readonly repaired: boolean;
}

async function ask(model: string, stream: boolean): Promise<Outcome> {
  const response = await sendChat({
    url: gateway.url,
    key: gateway.key,
    model,
    stream,
    content: 'Describe Hangzhou.',
    body: { response_format },
    headers: { 'x-gangway-structured-stream': 'buffer', 'x-gangway-structured-attempts': '3' },
  });
  const text = await response.text();
  if (response.status !== 200) {
    const { error } = JSON.parse(text) as { error: { attempts: number; answer: string } };
    expect(error.answer.length).toBeGreaterThan(0);
    const fault = faultCode(text);
    return { fits: false, fault, mode: '', attempts: error.attempts, repaired: false };
  }
  const proof = response.headers.get('x-gangway-structured') ?? '';
  const said = stream ? tell(text).text : contentOf(text);
  return {
    fits: check(JSON.parse(said) as Json).length === 0,
    fault: null,
    mode: proof.split(';')[0] ?? '',
    attempts: Number(/attempts=(\d+)/.exec(proof)?.[1]),
    repaired: proof.includes('repaired'),
  };
}

const contentOf = (text: string): string =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';

/** What each way of spoiling comes to: attempts, and how it ends. */
const ENDS: Readonly<Record<string, readonly [attempts: number, end: string]>> = {
  fenced: [1, 'mended'],
  'trailing-comma': [1, 'mended'],
  prose: [1, 'mended'],
  'wrong-type': [3, 'structured_output_failed'],
  'missing-field': [3, 'structured_output_failed'],
  'extra-field': [3, 'structured_output_failed'],
  truncated: [3, 'structured_output_failed'],
  'fenced-heals': [1, 'mended'],
  'trailing-comma-heals': [1, 'mended'],
  'prose-heals': [1, 'mended'],
  'wrong-type-heals': [2, 'fits'],
  'missing-field-heals': [2, 'fits'],
  'extra-field-heals': [2, 'fits'],
  'truncated-heals': [2, 'fits'],
  heals: [2, 'fits'],
  'heals-late': [3, 'fits'],
};

describe.each(MODES)('a model asked by %s', (mode) => {
  test.each([false, true])('always fits or fails (streamed: %p)', async (stream) => {
    const outcomes = await Promise.all(SPOILT.map((wire) => ask(`${mode}-${wire}`, stream)));
    const told = outcomes.map(({ fits, fault, attempts, repaired, mode: by }, at) => {
      if (fits) expect(by).toBe(mode);
      const end = fits ? (repaired ? 'mended' : 'fits') : fault;
      return [SPOILT[at]?.replace('sandbox-json-', ''), [attempts, end]];
    });
    expect(Object.fromEntries(told)).toEqual(ENDS);
  });
});

test('every attempt was paid for, once', async () => {
  const calls = await settledCalls(gateway);
  expect(calls.length).toBe(MODES.length * 2 * SPOILT.length);
  for (const call of calls) {
    expect(call).toMatchObject({ state: 'charged', usageSource: 'vendor', shortfall: '0' });
    expect(Number(call.charge)).toBeGreaterThan(0);
    expect(Number(call.charge)).toBeLessThanOrEqual(Number(call.hold));
  }
  const attempts = calls.reduce((sum, call) => sum + call.attempts.length, 0);
  const planned = Object.values(ENDS).reduce((sum, [count]) => sum + count, 0);
  expect(attempts).toBe(planned * MODES.length * 2);
  expect((await audit(gateway)).balanced).toBe(true);
});
