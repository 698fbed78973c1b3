/**
 * Levels L0 and L1: what the runtime itself costs, without a product around it.
 * L0 passes bytes through. L1 adds a hashed key look-up among 10,000, a rate limit in memory and
 * reads the usage. Neither writes anything to disk. Run: `bun bench/bare.ts L0|L1 PORT MOCK_PORT`.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Contestant, StartOptions } from './contestant.ts';
import { freePort, launch, listens, until } from './contestant.ts';

const KEYS = 10_000;
const READY_MS = 10_000;
const MICROS_PER_CALL = 0.6;
const BURST_US = 60_000_000;
const USAGE = Buffer.from('"usage":{');
const HIGHEST_HTTP_REQUESTS = '65336';
const MODULE = import.meta.path;

export type BareLevel = 'L0' | 'L1';

export async function startBare(level: BareLevel, options: StartOptions): Promise<Contestant> {
  const port = freePort();
  const log = join(options.dir, `bare-${level}-${options.core ?? 'free'}`);
  const pid = launch({
    command: [process.execPath, MODULE, level, String(port), String(options.mockPort)],
    log,
    core: options.core,
    env: { BUN_CONFIG_MAX_HTTP_REQUESTS: HIGHEST_HTTP_REQUESTS },
  });
  await until(() => listens(port), { pid, log, ms: READY_MS });
  return {
    name: `bare Bun ${level}`,
    level,
    version: Bun.version,
    port,
    path: '/v1/chat/completions',
    model: 'bench-model',
    headers: { Authorization: `Bearer ${keyOf(0)}` },
    pids: [pid],
  };
}

const keyOf = (i: number): string => `sk-bare-${String(i).padStart(24, '0')}`;
const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64');

interface Account {
  /** Theoretical arrival time of the next call, in µs (GCRA). */
  nextUs: number;
  tokens: number;
}

const accounts = new Map<string, Account>();

/** The account behind a request; undefined means that its key is not known or has no room. */
function admit(request: Request): Account | undefined {
  const account = accounts.get(hashOf(request.headers.get('authorization')?.slice(7) ?? ''));
  if (!account) return undefined;
  const now = Bun.nanoseconds() / 1000;
  const next = Math.max(now, account.nextUs) + MICROS_PER_CALL;
  if (next - now > BURST_US) return undefined;
  account.nextUs = next;
  return account;
}

function meter(account: Account, bytes: Uint8Array): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = text.lastIndexOf(USAGE);
  if (at < 0) return;
  const end = text.indexOf('}', at);
  const usage: unknown = JSON.parse(text.toString('utf8', at + USAGE.length - 1, end + 1));
  if (typeof usage === 'object' && usage !== null && 'total_tokens' in usage) {
    account.tokens += Number(usage.total_tokens);
  }
}

function metered(account: Account, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      meter(account, value);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

async function forward(request: Request, url: string, account?: Account): Promise<Response> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench-key' },
    body: await request.bytes(),
    signal: request.signal,
  });
  const type = answer.headers.get('content-type') ?? '';
  const headers = { 'content-type': type };
  if (type.startsWith('text/event-stream') && answer.body) {
    return new Response(account ? metered(account, answer.body) : answer.body, { headers });
  }
  const bytes = await answer.bytes();
  if (account) meter(account, bytes);
  return new Response(bytes, { status: answer.status, headers });
}

function serve(level: string, port: number, mockPort: number): void {
  const url = `http://127.0.0.1:${mockPort}/v1/chat/completions`;
  for (let i = 0; i < KEYS; i++) accounts.set(hashOf(keyOf(i)), { nextUs: 0, tokens: 0 });
  const guarded = (request: Request): Response | Promise<Response> => {
    const account = admit(request);
    return account ? forward(request, url, account) : new Response('{}', { status: 401 });
  };
  const POST = level === 'L0' ? (request: Request) => forward(request, url) : guarded;
  Bun.serve({
    hostname: '127.0.0.1',
    port,
    idleTimeout: 0,
    routes: { '/v1/chat/completions': { POST } },
  });
}

if (import.meta.main) {
  serve(process.argv[2] ?? 'L0', Number(process.argv[3]), Number(process.argv[4]));
}
