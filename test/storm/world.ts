/**
 * A storm: a gateway with many slow jobs at many vendors, killed again and again with kill -9,
 * vendors that lose their answers, a receiver that refuses. What is left of it is told in figures.
 */
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { audit, createKey, type LedgerCall, ledgerCalls, showAccount } from '../e2e/books.ts';
import { type Gateway, makeFolder, startGateway, startSandbox, until } from '../e2e/gateway.ts';
import { STORM_VENDORS, type StormVendor } from './vendors.ts';

export interface StormWish {
  readonly tasks: number;
  readonly killEveryMs: number;
  /** At least; the storm goes on for as long as tasks are open. */
  readonly kills: number;
  readonly jobMs: number;
  readonly pacePercent: number;
  /** All of it must be over by then. */
  readonly withinMs: number;
}

export const BALANCE = '100000';
const MAKERS = 10;
/** The vendor took the job, and its answer never came: each of both ways one in so many. */
const LOST_EVERY = 10;
const SURE_AFTER_MS = 5_000;
const CREATE_PAUSE_MS = 20;

const task = z.object({
  id: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled']),
  status_detail: z.string().nullable(),
  model: z.string(),
  call_id: z.string(),
  completed_at: z.string().nullable(),
  cost: z.object({ estimated: z.string(), final: z.string().nullable() }),
  outputs: z.array(z.object({ url: z.string().nullable() })),
});
export type StormTask = z.output<typeof task>;
const page = z.object({
  data: z.array(task),
  has_more: z.boolean(),
  last_id: z.string().nullable(),
});
const event = z.object({ type: z.string(), data: z.object({ id: z.string() }) });
const made = z.object({
  jobs: z.array(
    z.object({ vendor: z.string(), id: z.string(), prompt: z.string(), updated_ms: z.number() }),
  ),
});
export type StormJob = z.output<typeof made>['jobs'][number];

interface World {
  /** null: the gateway is down. */
  url: string | null;
  readonly key: string;
  /** By prompt, once the gateway has said so. */
  readonly created: Map<string, string>;
}

export interface Told {
  readonly id: string;
  readonly task: string;
  readonly type: string;
}

export interface Aftermath {
  readonly created: ReadonlyMap<string, string>;
  readonly tasks: readonly StormTask[];
  /** What the vendors got. */
  readonly jobs: readonly StormJob[];
  readonly told: readonly Told[];
  readonly kills: number;
  readonly books: Awaited<ReturnType<typeof audit>>;
  readonly ledger: readonly LedgerCall[];
  readonly account: Awaited<ReturnType<typeof showAccount>>;
  readonly tookMs: number;
}

export function vendorOf(index: number): StormVendor {
  return STORM_VENDORS[index % STORM_VENDORS.length] as StormVendor;
}

/** A vendor that cannot be asked for its jobs does not lose answers here: people would be asked. */
function promptOf(index: number): string {
  const turn = Math.floor(index / STORM_VENDORS.length) % LOST_EVERY;
  const isLost = vendorOf(index).finds;
  const lost = isLost && turn === 3 ? ' sandbox-lost-answer' : '';
  const silent = isLost && turn === 7 ? ' sandbox-no-answer' : '';
  return `job ${index}${lost}${silent}`;
}

/** As a careful client does: the same Idempotency-Key until an answer comes. */
async function create(index: number, world: World): Promise<void> {
  const { model, params } = vendorOf(index);
  const prompt = promptOf(index);
  const body = JSON.stringify({ model, input: { prompt }, params });
  for (;;) {
    const id = await tryCreate(body, `key-${index}`, world);
    if (id !== null) {
      world.created.set(prompt, id);
      return;
    }
    await Bun.sleep(CREATE_PAUSE_MS);
  }
}

async function tryCreate(body: string, repeat: string, world: World): Promise<string | null> {
  const { url, key } = world;
  if (url === null) return null;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/v1/tasks`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': repeat },
      signal: AbortSignal.timeout(5_000),
    });
    text = await response.text();
  } catch {
    return null;
  }
  if (response.ok) return task.parse(JSON.parse(text)).id;
  if (response.status >= 500) return null;
  throw new Error(`refused: ${response.status} ${text}`);
}

async function listAll({ url, key }: World): Promise<StormTask[]> {
  const all: StormTask[] = [];
  for (let after = ''; ; ) {
    const response = await fetch(`${url}/v1/tasks?limit=100${after}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const read = page.parse(await response.json());
    all.push(...read.data);
    if (!read.has_more) return all;
    after = `&after=${read.last_id}`;
  }
}

/** Takes every third delivery only at its second coming. */
function receive(told: Told[], secretOf: () => string) {
  const refused = new Set<string>();
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const headers = Object.fromEntries(request.headers);
      const id = headers['webhook-id'] ?? '';
      const body = await request.text();
      const read = new Webhook(secretOf()).verify(body, headers);
      const { type, data } = event.parse(read);
      if (Bun.hash.crc32(id) % 3 === 0 && !refused.has(id)) {
        refused.add(id);
        return new Response(null, { status: 500 });
      }
      told.push({ id, task: data.id, type });
      return new Response(null, { status: 204 });
    },
  });
}

async function subscribe(url: string, key: string, hook: string): Promise<string> {
  const response = await fetch(`${url}/v1/webhooks`, {
    method: 'POST',
    body: JSON.stringify({ url: hook }),
    headers: { authorization: `Bearer ${key}` },
  });
  return z.object({ secret: z.string() }).parse(await response.json()).secret;
}

function settings(sandbox: string, wish: StormWish, port: number | undefined): string {
  const vendors = STORM_VENDORS.map(({ id, basePath, key, models }) => {
    return [id, { base_url: sandbox + basePath, key, ...(models === undefined ? {} : { models }) }];
  });
  return [
    `vendors: ${JSON.stringify(Object.fromEntries(vendors))}`,
    // Some vendors' lists repeat the callback URL, by which jobs are found. Nobody hears it.
    'public_url: http://127.0.0.1:9',
    `tasks: { pace_percent: ${wish.pacePercent}, sure_after_ms: ${SURE_AFTER_MS} }`,
    'log_level: warn',
    `outbound: { allowed_hosts: ['127.0.0.1:${port}'] }`,
  ].join('\n');
}

/** Begins the next as soon as one is acknowledged, a few at once. */
function makeTasks(tasks: number, world: World): Promise<unknown> {
  let next = 0;
  const maker = async (): Promise<void> => {
    for (let index = next; index < tasks; index = next) {
      next += 1;
      await create(index, world);
    }
  };
  return Promise.all(Array.from({ length: MAKERS }, maker));
}

/** A creation that was cut off by a kill at a vendor without a list waits for people. */
export function isOver({ status, status_detail: detail }: StormTask): boolean {
  return status === 'succeeded' || detail === 'held_for_review';
}

export async function runStorm(wish: StormWish): Promise<Aftermath> {
  const startMs = Date.now();
  const told: Told[] = [];
  let secret = '';
  const receiver = receive(told, () => secret);
  const { url: sandbox } = await startSandbox('--job-ms', String(wish.jobMs));
  const yaml = settings(sandbox, wish, receiver.port);
  const data = join(makeFolder(), 'data');
  let gateway: Gateway = await startGateway({ data, yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', BALANCE);
  const { key } = await createKey(gateway, '--account', 'payer');
  secret = await subscribe(gateway.url, key, receiver.url.href);
  const world: World = { url: gateway.url, key, created: new Map() };
  const making = makeTasks(wish.tasks, world);
  const allOver = async (): Promise<boolean> =>
    world.created.size >= wish.tasks && (await listAll(world)).every(isOver);
  let kills = 0;
  while (Date.now() - startMs < wish.withinMs) {
    await Bun.sleep(wish.killEveryMs);
    if (kills >= wish.kills && (await allOver())) break;
    world.url = null;
    await gateway.kill();
    kills += 1;
    gateway = await startGateway({ data, yaml });
    world.url = gateway.url;
  }
  await making;
  const tookMs = Date.now() - startMs;
  const tasks = await listAll(world);
  const ends = tasks.filter(({ status }) => status === 'succeeded').length;
  const heard = (): boolean => new Set(told.map(({ task: about }) => about)).size >= ends;
  await until(heard, 'all are told', 30_000).catch(() => undefined);
  const { jobs } = made.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json());
  const books = await audit(gateway);
  const ledger = await ledgerCalls(gateway);
  const account = await showAccount(gateway, 'payer');
  await gateway.stop();
  await receiver.stop(true);
  return { created: world.created, tasks, jobs, told, kills, books, ledger, account, tookMs };
}
