/** Two gateways on one PostgreSQL share slow work: what one sees the other tells; one may die. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { hasProgram, needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { audit, createKey, ledgerCalls, showAccount } from './books.ts';
import {
  cleanUp,
  type Gateway,
  makeFolder,
  runCli,
  startGateway,
  startSandbox,
  until,
} from './gateway.ts';

const there = hasProgram('postgres');
const test = needs('postgres');
const TASKS = 60;
const JOB_MS = 1_500;
const RUN_MS = 60_000;
/** Longest that a node may be behind another one, with the noise of the machine. */
const BEHIND_MS = 2_500;
/** A lease of a node that died runs out, and then some. */
const TAKEN_MS = 50_000;
/** Requests at once that the vendor's data allow each node. */
const AT_ONCE = 8;

const task = z.object({
  id: z.string(),
  status: z.string(),
  call_id: z.string(),
  completed_at: z.string().nullable(),
  cost: z.object({ final: z.string().nullable() }),
  outputs: z.array(z.object({ url: z.string().nullable(), kept: z.boolean(), bytes: z.number() })),
});
type Shown = z.output<typeof task>;
const jobs = z.object({ jobs: z.array(z.object({ prompt: z.string() })) });

let cluster: Cluster;
let sandbox: string;
let nodes: [Gateway, Gateway];
let key: string;
let secret: string;
let env: Record<string, string>;

/** Stands before the vendor for one node: counts, and may keep it from seeing how jobs end. */
function makeDoor() {
  const door = { isBlind: false, asked: 0, open: 0, openMax: 0, url: '', stop: () => undefined };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const isStatus = request.method === 'GET' && /\/generations\/[\w-]+$/.test(pathname);
      if (isStatus && door.isBlind) {
        const { headers } = request;
        const seen = z
          .looseObject({})
          .parse(await (await fetch(sandbox + pathname + search, { headers })).json());
        return Response.json({ ...seen, state: 'dreaming', assets: null });
      }
      if (isStatus) door.asked += 1;
      door.open += 1;
      door.openMax = Math.max(door.openMax, door.open);
      const body = request.method === 'GET' ? null : await request.text();
      const { method, headers } = request;
      const answer = await fetch(sandbox + pathname + search, { method, headers, body }).catch(
        () => new Response(null, { status: 502 }),
      );
      const bytes = await answer.arrayBuffer();
      door.open -= 1;
      const type = answer.headers.get('content-type') ?? '';
      return new Response(bytes, { status: answer.status, headers: { 'content-type': type } });
    },
  });
  door.url = `${server.url.origin}/luma/dream-machine/v1`;
  return Object.assign(door, { stop: () => server.stop(true) });
}
const doors = [makeDoor(), makeDoor()] as const;

/** Where the vendor calls back, which is the second node alone. */
const called = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const { method, headers } = request;
    const body = method === 'GET' ? null : await request.text();
    return fetch(nodes[1].url + pathname, { method, headers, body });
  },
});

interface Told {
  readonly event: string;
  readonly task: string;
  readonly type: string;
}
const told: Told[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const headers = Object.fromEntries(request.headers);
    const said = new Webhook(secret).verify(await request.text(), headers);
    const { type, data } = z.object({ type: z.string(), data: task }).parse(said);
    told.push({ event: headers['webhook-id'] ?? '', task: data.id, type });
    return new Response(null, { status: 204 });
  },
});

beforeAll(async () => {
  if (!there) return;
  cluster = await startCluster();
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  env = {
    DATABASE_URL: await cluster.createDatabase(),
    GANGWAY_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    GANGWAY_RESULTS_DIR: makeFolder(),
  };
  const start = (url: string): Promise<Gateway> => {
    const yaml = [
      `vendors: ${JSON.stringify({ luma: { base_url: url, key: 'sandbox-luma-key' } })}`,
      'tasks: { pace_percent: 10 }',
      `public_url: ${called.url.origin}`,
      'limits: { requests_per_minute: 0 }',
      'log_level: warn',
      // A file that the vendor showed to one node may be copied by the other.
      "outbound: { allowed_hosts: ['127.0.0.1'] }",
    ].join('\n');
    return startGateway({ env, yaml });
  };
  const first = await start(doors[0].url);
  nodes = [first, await start(doors[1].url)];
  await first.cli('accounts', 'create', 'payer', '--balance', '1000');
  key = (await createKey(first, '--account', 'payer')).key;
  const made = await ask(first, '/v1/webhooks', { body: { url: receiver.url.href } });
  secret = z.object({ secret: z.string() }).parse(await made.json()).secret;
}, RUN_MS);
afterAll(async () => {
  await cleanUp();
  for (const { stop } of doors) await stop();
  await receiver.stop(true);
  await called.stop(true);
  if (there) cluster.dispose();
});

interface Post {
  readonly body: object;
  readonly repeat?: string;
}

/** Without a body it is a GET. */
function ask(node: Gateway, path: string, { body, repeat }: Partial<Post> = {}) {
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  if (repeat !== undefined) headers['idempotency-key'] = repeat;
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return fetch(node.url + path, { headers, ...post });
}

async function create(node: Gateway, prompt: string): Promise<Shown> {
  const params = { resolution: '540p', duration: 5 };
  const body = { model: 'ray-2', input: { prompt }, params };
  const response = await ask(node, '/v1/tasks', { body, repeat: prompt });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return task.parse(JSON.parse(text));
}

async function show(node: Gateway, id: string, query = ''): Promise<Shown> {
  return task.parse(await (await ask(node, `/v1/tasks/${id}${query}`)).json());
}

/** Asks until it has ended, as a client does; how late the last answer came. */
async function waitFor(node: Gateway, id: string) {
  for (;;) {
    const seen = await show(node, id, '?wait=60');
    const late = Date.now() - Date.parse(seen.completed_at ?? '');
    if (seen.completed_at !== null) return { status: seen.status, late };
  }
}

/** Reads server-sent events to their end. */
async function watch(node: Gateway, id: string) {
  const response = await fetch(`${node.url}/v1/tasks/${id}/events`, {
    headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' },
  });
  const text = await response.text();
  const endMs = Date.now();
  const names = [...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name ?? '');
  const seen = await show(node, id);
  return { names, late: endMs - Date.parse(seen.completed_at ?? '') };
}

describe('two nodes', () => {
  test(
    'tell who waits at one what only the other could see',
    async () => {
      doors[0].isBlind = true;
      const made = await Promise.all(
        Array.from({ length: 4 }, (_, at) => create(nodes[0], `blind-${at}`)),
      );
      const [a = '', b = '', c = '', d = ''] = made.map(({ id }) => id);
      const [waits, streams] = await Promise.all([
        Promise.all([a, b].map((id) => waitFor(nodes[0], id))),
        Promise.all([c, d].map((id) => watch(nodes[0], id))),
      ]);
      doors[0].isBlind = false;
      expect([doors[0].asked, doors[1].asked >= 4]).toEqual([0, true]);
      for (const { status, late } of waits) {
        expect(status).toBe('succeeded');
        expect(late).toBeLessThan(BEHIND_MS);
      }
      for (const { names, late } of streams) {
        expect(names.at(-1)).toBe('task.succeeded');
        expect(late).toBeLessThan(BEHIND_MS);
      }
    },
    RUN_MS,
  );

  test(
    'finish together what was asked, though one is killed: once each, and each end is told',
    async () => {
      doors[0].asked = 0;
      doors[1].asked = 0;
      const prompts = Array.from({ length: TASKS }, (_, at) => `job-${at}`);
      const made = await Promise.all(
        prompts.map((prompt, at) => create(nodes[at % 2 === 0 ? 0 : 1], prompt)),
      );
      await until(() => doors[0].asked > 5 && doors[1].asked > 5, 'both ask', 10_000);
      // Some are in the hands of the one that dies: being sent, asked for, copied, settled.
      await nodes[0].kill();
      const [, left] = nodes;
      // Whoever got no answer asks again, at the other node, and hears of the same task.
      const again = await create(left, 'job-0');
      expect(again.id).toBe(made[0]?.id ?? '');
      const tasks = await until(
        async () => {
          const all = await Promise.all(made.map(({ id }) => show(left, id)));
          return all.every(({ status }) => status === 'succeeded') && all;
        },
        'the other one has finished them all',
        TAKEN_MS,
      );
      const sent = jobs.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json()).jobs;
      const ours = sent.map(({ prompt }) => prompt).filter((prompt) => prompt.startsWith('job'));
      expect(ours.toSorted()).toEqual(prompts.toSorted());
      await checkMoney(tasks);
      await checkTold(tasks);
      for (const { outputs } of tasks.slice(0, 10)) {
        const file = await fetch(outputs[0]?.url ?? '');
        expect((await file.bytes()).length).toBe(outputs[0]?.bytes ?? -1);
      }
      // What each may ask at once is its own count: two nodes are twice the vendor's callers.
      for (const { openMax } of doors) expect(openMax).toBeLessThanOrEqual(AT_ONCE);
    },
    RUN_MS,
  );
});

async function checkMoney(tasks: readonly Shown[]): Promise<void> {
  const books = { cli: (...words: string[]) => runOn(words) };
  const calls = new Map((await ledgerCalls(books)).map((call) => [call.id, call]));
  for (const one of tasks) {
    const call = calls.get(one.call_id);
    expect([call?.state, call?.charge]).toEqual(['charged', one.cost.final ?? '']);
  }
  expect(await audit(books)).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
  expect((await showAccount(books, 'payer')).held).toBe('0');
}

async function checkTold(tasks: readonly Shown[]): Promise<void> {
  const idsOf = (id: string) =>
    new Set(told.filter((one) => one.task === id).map(({ event }) => event));
  await until(() => tasks.every(({ id }) => idsOf(id).size > 0), 'every end is told', TAKEN_MS);
  for (const { id } of tasks) expect([id, idsOf(id).size]).toEqual([id, 1]);
  expect(told.every(({ type }) => type === 'task.succeeded')).toBeTrue();
}

async function runOn(words: readonly string[]): Promise<unknown> {
  const { code, out, err } = await runCli([...words, '--json'], { env });
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}
