/** One suite over every vendor: its data is well formed, and reads the vendor's own bytes. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { vendorFiles, vendorIndex } from '../../scripts/generate-vendors.ts';
import { openExchange } from '../../src/dialects/index.ts';
import type { Json } from '../../src/kit/json.ts';
import { isPointer } from '../../src/kit/pointer.ts';
import { VENDORS } from '../../src/vendors/index.ts';
import { readUsage, type TokenUsage } from '../../src/vendors/read.ts';
import { readError } from '../../src/vendors/refusal.ts';
import type { QuickService, Vendor } from '../../src/vendors/shape.ts';

const FOLDER = new URL('../../src/vendors/', import.meta.url);
const FIXTURES = new URL('../fixtures/vendors/', import.meta.url);
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const VENDOR_LINES_MAX = 150;
const CAUSES = ['caller', 'busy', 'account', 'credential', 'model', 'down'];
const WITH_FIXTURES = [
  'ark',
  'openai',
  'deepseek',
  'moonshot',
  'zhipu',
  'qwen',
  'mistral',
  'openrouter',
  'anthropic',
  'gemini',
  'vertex',
  'cohere',
];

/** Where they are, and by which key they are reached, only the operator can say. */
const PLACELESS = ['openai-compatible', 'vertex', 'azure'];

interface Refusal {
  status: number;
  body: Json;
  code: string | null;
  param: string | null;
  cause: string;
}

/** The service whose recorded bytes stand in the fixtures. */
function chatOf(vendor: Vendor): QuickService {
  const [chat] = vendor.services.chat ?? [];
  if (chat === undefined) throw new Error(`${vendor.id} serves no chat`);
  return chat;
}

function pointersOf({ meter }: QuickService): string[] {
  const { input, output, units = {}, ...lists } = meter;
  const { inputMore = [], cachedInput = [], cacheWrite = [], reasoning = [] } = lists;
  const whole = [input, output].filter((pointer) => pointer !== undefined);
  return [
    ...whole,
    ...inputMore,
    ...cachedInput,
    ...cacheWrite,
    ...reasoning,
    ...Object.values(units),
  ];
}

function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

function fixture(id: string, file: string): string {
  return readFileSync(new URL(`${id}/${file}`, FIXTURES), 'utf8');
}

/** A request that nothing here looks at. */
const ASKED = {
  request: {
    text: '{}',
    body: {},
    spans: new Map(),
    open: 0,
    model: 'm',
    stream: true,
    wantsUsage: true,
    inputTokensBound: 0,
    inputTokensGuess: 0,
    outputTokensAsked: null,
    choices: 1,
  },
  callId: 'call-1',
  nowS: 0,
};

test('the index is fresh and lists every file of the folder', () => {
  expect(readFileSync(new URL('index.ts', FOLDER), 'utf8')).toBe(vendorIndex());
  expect(Object.keys(VENDORS)).toEqual(vendorFiles());
});

test('every fixture folder belongs to a vendor, and the promised ones are there', () => {
  const folders = readdirSync(FIXTURES).filter((name) => !name.endsWith('.md'));
  for (const folder of folders) expect(Object.keys(VENDORS)).toContain(folder);
  for (const id of WITH_FIXTURES) expect(folders).toContain(id);
});

for (const [id, vendor] of Object.entries(VENDORS)) {
  describe(id, () => {
    test('is named after its file, small and frozen through and through', () => {
      expect(vendor.id).toBe(id);
      expect(vendor.name).not.toBe('');
      expect(isDeepFrozen(vendor)).toBe(true);
      const lines = readFileSync(new URL(`${id}.ts`, FOLDER), 'utf8').split('\n').length;
      expect(lines).toBeLessThanOrEqual(VENDOR_LINES_MAX);
    });

    test('has an address: https, without a slash at the end; http on this machine only', () => {
      if (PLACELESS.includes(id)) {
        expect(vendor.baseUrl).toBe('');
        return;
      }
      const url = new URL(vendor.baseUrl);
      expect(url.protocol).toBe(url.hostname === '127.0.0.1' ? 'http:' : 'https:');
      expect(vendor.baseUrl.endsWith('/')).toBe(false);
      expect(url.search + url.hash + url.username).toBe('');
    });

    test('says how its key is found and sent', () => {
      for (const name of vendor.keyEnv) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
      if (vendor.auth === null) expect(vendor.keyEnv).toEqual([]);
      else if ('header' in vendor.auth) {
        expect(vendor.auth.header).toBe(vendor.auth.header.toLowerCase());
      }
      if (id !== 'ollama' && !PLACELESS.includes(id)) expect(vendor.keyEnv).not.toEqual([]);
    });

    test('says where its facts stand and when they were compared', () => {
      expect(new URL(vendor.docs).protocol).toBe('https:');
      expect(vendor.checked).toMatch(DAY);
      expect(Number.isNaN(Date.parse(vendor.checked))).toBe(false);
    });

    const services = Object.entries(vendor.services).flatMap(([family, several]) =>
      several.map((service) => [`${family} in ${service.dialect}`, service] as const),
    );

    test('serves something', () => {
      expect([...services, ...(vendor.long ?? [])]).not.toEqual([]);
    });

    test.each(services)('describes its %s', (_, service) => {
      expect(service.path.startsWith('/')).toBe(true);
      for (const pointer of pointersOf(service)) {
        expect(pointer).not.toBe('');
        expect(isPointer(pointer)).toBe(true);
      }
      const { rename = {}, refuse = {}, force = {}, roles = {} } = service.tweaks ?? {};
      for (const why of Object.values(refuse)) expect(why.length).toBeGreaterThan(10);
      const touched = [...Object.keys(rename), ...Object.keys(refuse), ...Object.keys(force)];
      expect(new Set(touched).size).toBe(touched.length);
      for (const [ours, theirs] of Object.entries({ ...rename, ...roles })) {
        expect(theirs).not.toBe(ours);
      }
    });

    test('names causes that exist, under keys that can match', () => {
      for (const [key, cause] of Object.entries(vendor.causes ?? {})) {
        expect(CAUSES).toContain(cause);
        expect(key).toMatch(/^(?:http:[2-5]\d\d|[^*:]+\*?)$/);
      }
      const at = vendor.errorAt;
      for (const pointer of at === undefined ? [] : [at.code, at.message].flat()) {
        expect(isPointer(pointer)).toBe(true);
      }
    });

    if (existsSync(new URL(`${id}/`, FIXTURES))) describeFixtures(vendor);
  });
}

function describeFixtures(vendor: Vendor): void {
  const { id } = vendor;
  const { meter } = chatOf(vendor);
  const expected = JSON.parse(fixture(id, 'expected.json')) as Record<string, TokenUsage>;
  const refusals = JSON.parse(fixture(id, 'errors.json')) as Refusal[];

  test('reads the quantities of a whole answer', () => {
    expect(readUsage(meter, JSON.parse(fixture(id, 'reply.json')) as Json)).toEqual(
      expected.reply as TokenUsage,
    );
  });

  test('reads the quantities of a stream, whose last usage counts', () => {
    const { dialect } = chatOf(vendor);
    const exchange = openExchange({ from: dialect, to: dialect, ...ASKED });
    const watch = exchange.watch((body) => new Error(JSON.stringify(body)));
    watch.look(Buffer.from(fixture(id, 'stream.sse')));
    expect(watch.end()).toBeNull();
    expect(readUsage(meter, watch.usage)).toEqual(expected.stream as TokenUsage);
  });

  test.each(refusals)('tells why it was refused: $status $code', (refusal) => {
    const error = readError(vendor, refusal.status, refusal.body ?? undefined);
    expect(error.message).not.toBe('');
    expect({ code: error.code, param: error.param, cause: error.cause as string }).toEqual({
      code: refusal.code,
      param: refusal.param,
      cause: refusal.cause,
    });
  });
}
