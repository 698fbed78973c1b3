/** kill -9 again and again while hundreds of jobs are under way: none lost, doubled or repaid. */
import { afterAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { audit, createKey, ledgerCalls, nanos, showAccount } from './books.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, startSandbox, until } from './gateway.ts';

const TASKS = 200;
const MAKERS = 10;
const KILL_EVERY_MS = 1_500;
const KILLS_MIN = 6;
const JOB_MS = 2_500;
const BALANCE = '10000';
const RUN_MS = 100_000;
const END_MS = 50_000;
/** The vendor took the job, and its answer never came: one in so many. */
const LOST_EVERY = 10;

const task = z.object({
  id: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled']),
  status_detail: z.string().nullable(),
  model: z.string(),
  call_id: z.string(),
  cost: z.object({ estimated: z.string(), final: z.string().nullable() }),
  outputs: z.array(z.object({ url: z.string().nullable() })),
});
type Shown = z.output<typeof task>;
const page = z.object({
  data: z.array(task),
  has_more: z.boolean(),
  last_id: z.string().nullable(),
});
const event = z.object({ type: z.string(), data: z.object({ id: z.string() }) });
const made = z.object({
  jobs: z.array(z.object({ vendor: z.string(), id: z.string(), prompt: z.string() })),
});

interface World {
  url: string | null;
  key: string;
  /** By prompt. */
  readonly created: Map<string, string>;
}

function promptOf(index: number): string {
  const lost = index % LOST_EVERY === 3 ? ' sandbox-lost-answer' : '';
  const silent = index % LOST_EVERY === 7 ? ' sandbox-no-answer' : '';
  return `job ${index}${lost}${silent}`;
}

/** As a careful client does: the same Idempotency-Key until an answer comes. */
async function create(index: number, world: World): Promise<void> {
  const isArk = index % 2 === 0;
  const model = isArk ? 'doubao-seedance-1-0-pro' : 'ray-2';
  const params = { resolution: isArk ? '480p' : '540p', duration: 5 };
  const prompt = promptOf(index);
  const body = JSON.stringify({ model, input: { prompt }, params });
  for (;;) {
    const { url, key } = world;
    if (url !== null) {
      try {
        const response = await fetch(`${url}/v1/tasks`, {
          method: 'POST',
          body,
          headers: { authorization: `Bearer ${key}`, 'idempotency-key': `key-${index}` },
          signal: AbortSignal.timeout(5_000),
        });
        const text = await response.text();
        if (response.ok) {
          world.created.set(prompt, task.parse(JSON.parse(text)).id);
          return;
        }
        if (response.status < 500) throw new TypeError(`refused: ${response.status} ${text}`);
      } catch (error) {
        if (error instanceof TypeError && error.message.startsWith('refused')) throw error;
      }
    }
    await Bun.sleep(20);
  }
}

async function listAll({ url, key }: World): Promise<Shown[]> {
  const all: Shown[] = [];
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

interface Told {
  readonly id: string;
  readonly task: string;
  readonly type: string;
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

async function run() {
  const told: Told[] = [];
  let secret = '';
  const receiver = receive(told, () => secret);
  const { url: sandbox } = await startSandbox('--job-ms', String(JOB_MS));
  const vendors = {
    ark: { base_url: `${sandbox}/ark/api/v3`, key: 'sandbox-ark-key' },
    luma: { base_url: `${sandbox}/luma/dream-machine/v1`, key: 'sandbox-luma-key' },
  };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'public_url: http://127.0.0.1:9',
    'tasks: { pace_percent: 10, sure_after_ms: 5000 }',
    'log_level: warn',
    `outbound: { allowed_hosts: ['127.0.0.1:${receiver.port}'] }`,
  ].join('\n');
  const data = join(makeFolder(), 'data');
  let gateway: Gateway = await startGateway({ data, yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', BALANCE);
  const { key } = await createKey(gateway, '--account', 'payer');
  secret = await subscribe(gateway.url, key, receiver.url.href);
  const world: World = { url: gateway.url, key, created: new Map() };
  let next = 0;
  const maker = async (): Promise<void> => {
    for (let index = next; index < TASKS; index = next) {
      next += 1;
      await create(index, world);
    }
  };
  const making = Promise.all(Array.from({ length: MAKERS }, maker));
  let kills = 0;
  const isOver = async (): Promise<boolean> => {
    if (world.created.size < TASKS) return false;
    return (await listAll(world)).every(({ status }) => status === 'succeeded');
  };
  for (const endMs = Date.now() + END_MS; Date.now() < endMs; ) {
    await Bun.sleep(KILL_EVERY_MS);
    if (kills >= KILLS_MIN && (await isOver())) break;
    if (kills > KILLS_MIN * 2) continue;
    world.url = null;
    await gateway.kill();
    kills += 1;
    gateway = await startGateway({ data, yaml });
    world.url = gateway.url;
  }
  await making;
  const tasks = await until(
    async () => {
      const all = await listAll(world);
      return all.every(({ status }) => status === 'succeeded') ? all : undefined;
    },
    'every task has succeeded',
    10_000,
  ).catch(() => listAll(world));
  await until(
    () => new Set(told.map(({ task: id }) => id)).size >= TASKS,
    'all are told',
    15_000,
  ).catch(() => undefined);
  const jobs = made.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json()).jobs;
  const books = await audit(gateway);
  const ledger = await ledgerCalls(gateway);
  const account = await showAccount(gateway, 'payer');
  expect(await gateway.stop()).toBe(0);
  await receiver.stop(true);
  return { told, tasks, jobs, books, ledger, account, kills, created: world.created };
}

let ran: ReturnType<typeof run> | undefined;
const aftermath = (): ReturnType<typeof run> => {
  ran ??= run();
  return ran;
};

afterAll(cleanUp);

describe(`${TASKS} tasks over two vendors, killed again and again`, () => {
  test(
    'every task that was ever acknowledged has succeeded',
    async () => {
      const { tasks, created, kills } = await aftermath();
      expect(kills).toBeGreaterThanOrEqual(KILLS_MIN);
      expect(created.size).toBe(TASKS);
      const known = new Set(tasks.map(({ id }) => id));
      expect([...created.values()].filter((id) => !known.has(id))).toEqual([]);
      const open = tasks.filter(({ status }) => status !== 'succeeded');
      expect(open.map(({ id, status, status_detail: why }) => `${id} ${status} ${why}`)).toEqual(
        [],
      );
      expect(tasks).toHaveLength(TASKS);
    },
    RUN_MS,
  );

  test('no job was sent to a vendor twice, though answers were lost', async () => {
    const { jobs } = await aftermath();
    const prompts = jobs.map(({ prompt }) => prompt);
    expect(prompts.filter((prompt, at) => prompts.indexOf(prompt) !== at)).toEqual([]);
    expect(jobs).toHaveLength(TASKS);
    expect(jobs.filter(({ prompt }) => prompt.includes('sandbox-')).length).toBe(TASKS / 5);
  });

  test('each end is told at least once, under one id', async () => {
    const { told, tasks } = await aftermath();
    const idsOf = new Map<string, Set<string>>();
    for (const { id, task: about, type } of told) {
      expect(type).toBe('task.succeeded');
      idsOf.set(about, (idsOf.get(about) ?? new Set()).add(id));
    }
    expect(tasks.filter(({ id }) => idsOf.get(id)?.size !== 1)).toEqual([]);
    expect(idsOf.size).toBe(TASKS);
  });

  test('each is charged once, with its own price', async () => {
    const { tasks, ledger, books, account } = await aftermath();
    expect(books).toMatchObject({ balanced: true, problems: [], open_holds: 0, unknown: 0 });
    // A maker that died between its draft and its answer leaves a hold, which is released.
    const charged = ledger.filter(({ state }) => state === 'charged');
    expect(charged).toHaveLength(TASKS);
    const others = ledger.filter(({ state }) => state !== 'charged');
    expect(others.filter(({ endReason }) => endReason !== 'canceled')).toEqual([]);
    const calls = new Map(ledger.map((call) => [call.id, call]));
    for (const one of tasks) {
      const call = calls.get(one.call_id);
      expect([one.id, call?.state, call?.charge]).toEqual([
        one.id,
        'charged',
        one.cost.final ?? '',
      ]);
    }
    const spent = ledger.reduce((sum, call) => sum + nanos(call.charge), 0n);
    expect(nanos(account.balance)).toBe(nanos(BALANCE) - spent);
    expect(nanos(account.held)).toBe(0n);
  });
});
