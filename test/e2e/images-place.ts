/** A gateway with six vendors of pictures behind it, and what its tests ask of a picture. */
import { expect } from 'bun:test';
import { join } from 'node:path';
import OpenAI from 'openai';
import { z } from 'zod';
import { audit, createKey, settledCalls } from './books.ts';
import { type Gateway, makeFolder, startGateway, startSandbox } from './gateway.ts';

export const JOB_MS = 300;
export const RUN_MS = 30_000;

export interface ImagePlace {
  readonly gateway: Gateway;
  readonly sandbox: string;
  /** Of an account with money. */
  readonly key: string;
  readonly yaml: string;
}

/** One model of each vendor, what it takes, and how it is made to refuse. */
export interface Row {
  readonly vendor: string;
  readonly model: string;
  /** Fields that choose the size, and the size that follows. */
  readonly shape: Readonly<Record<string, string>>;
  readonly size: string;
  readonly refuse: string;
  /** Without a price: only the first key, whose account has no limit, may use it. */
  readonly free?: true;
}

export const ROWS: readonly Row[] = [
  {
    ...{ vendor: 'openai', model: 'gpt-image-2.6-flare', refuse: 'sandbox-refuse' },
    ...{ shape: { size: '1536x1024' }, size: '1536x1024' },
  },
  {
    ...{ vendor: 'ark', model: 'doubao-seedream-4-5-251128', refuse: 'please fail 1' },
    ...{ shape: { size: '2048x2048' }, size: '2048x2048' },
  },
  {
    ...{ vendor: 'bfl', model: 'flux-pro-1.1', refuse: 'sandbox-moderate' },
    ...{ shape: { size: '1024x768' }, size: '1024x768' },
  },
  {
    ...{ vendor: 'kling', model: 'kling-image-v2-1', refuse: 'sandbox-refuse' },
    ...{ shape: { aspect_ratio: '1:1' }, size: '1024x1024' },
  },
  {
    vendor: 'replicate',
    model: 'black-forest-labs/flux-1.1-pro',
    refuse: 'sandbox-refuse',
    ...{ shape: { size: '1024x768' }, size: '1024x768' },
  },
  {
    ...{ vendor: 'volc-visual', model: 'doubao-general-3.0', refuse: 'sandbox-refuse', free: true },
    ...{ shape: { size: '1328x1024' }, size: '1328x1024' },
  },
];

/** Who edits, at each of them. */
export const EDITORS: readonly Pick<Row, 'vendor' | 'model' | 'free'>[] = [
  { vendor: 'openai', model: 'gpt-image-1.5' },
  { vendor: 'ark', model: 'doubao-seededit-3-0-i2i-250628' },
  { vendor: 'bfl', model: 'flux-kontext-pro' },
  { vendor: 'kling', model: 'kling-image-v2-1' },
  { vendor: 'replicate', model: 'black-forest-labs/flux-1.1-pro' },
  { vendor: 'volc-visual', model: 'seededit-3.0', free: true },
];

const PLACES = {
  openai: ['/openai/v1', 'sandbox-openai-key'],
  ark: ['/ark/api/v3', 'sandbox-ark-key'],
  bfl: ['/bfl/v1', 'sandbox-bfl-key'],
  kling: ['/klingai', 'sandbox-kling-access:sandbox-kling-secret'],
  replicate: ['/replicate/v1', 'sandbox-replicate-key'],
} as const;

const listed = z.object({
  vendors: z.array(
    z.object({ vendor: z.string(), base_url: z.string(), key: z.string().nullable() }),
  ),
});

export async function openPlace(settings = '', jobMs = JOB_MS): Promise<ImagePlace> {
  const sandbox = (await startSandbox('--job-ms', String(jobMs))).url;
  const { vendors } = listed.parse(await (await fetch(`${sandbox}/sandbox`)).json());
  const wanted = [...Object.keys(PLACES), 'volc-visual'];
  const own = vendors.filter(({ vendor }) => wanted.includes(vendor));
  const places = own.map(({ vendor, base_url, key }) => [vendor, { base_url, key }]);
  const yaml = [
    `vendors: ${JSON.stringify(Object.fromEntries(places))}`,
    'limits: { requests_per_minute: 0 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: warn',
    settings === '' ? 'tasks: { pace_percent: 10 }' : settings,
  ].join('\n');
  const gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '1000');
  const { key } = await createKey(gateway, '--account', 'payer');
  return { gateway, sandbox, key, yaml };
}

export function clientOf({ gateway, key }: ImagePlace, row: Pick<Row, 'free'> = {}): OpenAI {
  const apiKey = row.free === true ? gateway.key : key;
  return new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
}

/** `WIDTHxHEIGHT` of a PNG, JPEG or lossless WebP, by its own bytes. */
export function sizeOf(bytes: Uint8Array): string {
  const file = Buffer.from(bytes);
  if (file.toString('latin1', 1, 4) === 'PNG') {
    return `${file.readUInt32BE(16)}x${file.readUInt32BE(20)}`;
  }
  if (file.readUInt16BE(0) === 0xffd8) {
    const frame = file.indexOf(Buffer.from([0xff, 0xc0]));
    return `${file.readUInt16BE(frame + 7)}x${file.readUInt16BE(frame + 5)}`;
  }
  expect(file.toString('latin1', 8, 16)).toBe('WEBPVP8L');
  const bits = file.readUInt32LE(21);
  return `${(bits & 0x3fff) + 1}x${((bits >> 14) & 0x3fff) + 1}`;
}

export function fromBase64(base64: string | undefined): Uint8Array {
  expect(base64).toBeString();
  return Buffer.from(base64 ?? '', 'base64');
}

const job = z.object({
  vendor: z.string(),
  prompt: z.string(),
  request: z.record(z.string(), z.unknown()),
});

/** What the sandbox was asked with this prompt. */
export async function askedFor(sandbox: string, prompt: string) {
  const page = z.object({ jobs: z.array(job) });
  const { jobs } = page.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json());
  return jobs.filter((one) => one.prompt.includes(prompt));
}

export async function expectBalanced(gateway: Gateway): Promise<void> {
  await settledCalls(gateway);
  expect(await audit(gateway)).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
}
