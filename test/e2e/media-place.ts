/** A gateway before the sandbox's vendors of slow work, for tests of those vendors' clients. */
import { expect } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { audit, createKey, type LedgerCall, nanos, settledCalls, showAccount } from './books.ts';
import { type Gateway, makeFolder, startGateway, startSandbox } from './gateway.ts';

const BALANCE = '1000';

/** Where the sandbox serves each of them, and with which key. */
const VENDORS = Object.freeze({
  ark: ['/ark/api/v3', 'sandbox-ark-key'],
  bfl: ['/bfl/v1', 'sandbox-bfl-key'],
  kling: ['/klingai', 'sandbox-kling-access:sandbox-kling-secret'],
  luma: ['/luma/dream-machine/v1', 'sandbox-luma-key'],
  midjourney: ['/midjourney', 'sandbox-mj-secret'],
  replicate: ['/replicate/v1', 'sandbox-replicate-key'],
  runway: ['/runwayml', 'sandbox-runway-key'],
  'volc-visual': ['/volc-visual', 'AKLTsandboxVisual:sandbox-visual-secret'],
} as const);
export type MediaVendor = keyof typeof VENDORS;
export const MEDIA_VENDORS = Object.keys(VENDORS) as MediaVendor[];

export interface Place {
  readonly gateway: Gateway;
  /** The vendors' own address. */
  readonly sandbox: string;
  /** Of the account `payer`, which began with 1000. */
  readonly key: string;
}

/** `jobMs`: how long a job takes at a vendor. `lines`: more of gangway.yaml. */
export async function openPlace(options: {
  readonly vendors: readonly MediaVendor[];
  readonly jobMs?: number;
  readonly lines?: readonly string[];
}): Promise<Place> {
  const { url: sandbox } = await startSandbox('--job-ms', String(options.jobMs ?? 400));
  const entries = options.vendors.map((vendor) => {
    const [path, key] = VENDORS[vendor];
    return [vendor, { base_url: sandbox + path, key }];
  });
  const yaml = [
    `vendors: ${JSON.stringify(Object.fromEntries(entries))}`,
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: error',
    ...(options.lines ?? ['tasks: { pace_percent: 5 }']),
  ].join('\n');
  const gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', BALANCE);
  const { key } = await createKey(gateway, '--account', 'payer');
  return { gateway, sandbox, key };
}

const made = z.object({
  jobs: z.array(z.object({ vendor: z.string(), id: z.string(), prompt: z.string() })),
});

/** What the vendors were really asked to do. */
export async function jobsOf({ sandbox }: Place, prompt: string) {
  const { jobs } = made.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json());
  return jobs.filter((job) => job.prompt === prompt);
}

/** Every call is settled, and the audit finds nothing. */
export async function expectNothingOpen({ gateway }: Pick<Place, 'gateway'>) {
  const calls = await settledCalls(gateway);
  const books = await audit(gateway);
  expect(books).toMatchObject({ balanced: true, problems: [], open_holds: 0, unknown: 0 });
  return calls;
}

/** Nothing is held any more, and what is gone from the payer is what the calls were charged. */
export async function expectBooksBalance(
  { gateway }: Pick<Place, 'gateway'>,
  began = BALANCE,
): Promise<readonly LedgerCall[]> {
  const calls = await expectNothingOpen({ gateway });
  const payer = await showAccount(gateway, 'payer');
  const spent = calls.reduce((sum, { charge }) => sum + nanos(charge), 0n);
  expect([nanos(payer.balance), payer.held]).toEqual([nanos(began) - spent, '0']);
  return calls;
}

const PNG = '89504e470d0a1a0a';
const PNG_END = '0000000049454e44ae426082';
const BOX_HEAD_BYTES = 8;

/** What a file is by its own structure, read from its first byte to its last. */
export function fileKind(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  if (hex.startsWith(PNG)) return hex.endsWith(PNG_END) ? 'png' : 'a png that was cut';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const boxes: string[] = [];
  let at = 0;
  while (at + BOX_HEAD_BYTES <= bytes.length) {
    boxes.push(Buffer.from(bytes.subarray(at + 4, at + BOX_HEAD_BYTES)).toString('latin1'));
    at += Math.max(BOX_HEAD_BYTES, view.getUint32(at));
  }
  const isWhole = boxes[0] === 'ftyp' && boxes.includes('moov') && boxes.includes('mdat');
  return isWhole && at === bytes.length
    ? 'mp4'
    : `no file of a kind that is known: ${hex.slice(0, 32)}`;
}

/** The kind of the file behind a link, and of what the server says that it is. */
export async function linkKind(link: string): Promise<string> {
  const response = await fetch(link);
  const said = response.headers.get('content-type');
  return `${said} ${fileKind(new Uint8Array(await response.arrayBuffer()))}`;
}

/** What a client throws. Its own promises are none that `rejects` knows. */
export async function refusalOf(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}
