/** Real nginx with the configuration that `gangway nginx` writes. */
import { afterEach, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import { findNginx, needs } from '../needs.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { makeCertificate } from './certificate.ts';
import { cleanUp, launch, makeFolder, ROOT, runCli, startGateway, until } from './gateway.ts';

const TOKEN = 'ark-token-that-nobody-may-see';
const CALLER = 'sk-of-the-caller';
const RULE = { ratePerS: 1, burst: 5, nodelay: true };
const MAIN = join(ROOT, 'src', 'main.ts');

interface Seen {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) void server.stop(true);
  await cleanUp();
});

function startUpstream(answer: (path: string) => Response) {
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = Object.fromEntries(request.headers);
      seen.push({ path: pathname + search, headers, body: await request.text() });
      return answer(pathname);
    },
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}`, seen };
}

function freePort(): number {
  const server = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}

interface Written {
  readonly dir: string;
  readonly config: string;
  readonly tokenFile: string;
  readonly url: string;
}

async function write(...flags: string[]): Promise<Written> {
  const dir = makeFolder();
  const config = join(dir, 'nginx.conf');
  const tokenFile = join(dir, 'token.conf');
  const port = freePort();
  const place = ['--out', config, '--token-file', tokenFile, '--run-dir', dir];
  const listen = ['--listen', `127.0.0.1:${port}`];
  const made = await runCli(['nginx', ...place, ...listen, ...flags]);
  expect(made).toMatchObject({ code: 0, err: '' });
  return { dir, config, tokenFile, url: `http://127.0.0.1:${port}` };
}

async function render(tokenFile: string, token = TOKEN): Promise<void> {
  const flags = ['--render-token', '--token-ref', 'env:MY_TOKEN', '--token-file', tokenFile];
  const made = await runCli(['nginx', ...flags], { env: { MY_TOKEN: token } });
  expect(made).toMatchObject({ code: 0, err: '' });
}

function nginxTest(config: string) {
  const run = Bun.spawnSync([findNginx() ?? 'nginx', '-t', '-c', config]);
  return { code: run.exitCode, err: run.stderr.toString() };
}

async function startNginx({ config, url }: Written): Promise<void> {
  launch([findNginx() ?? 'nginx', '-c', config, '-g', 'daemon off;']);
  await until(
    () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    'nginx answers',
  );
}

const ask = (url: string, path = '/api/doubao/v1/chat/completions', init: RequestInit = {}) =>
  fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${CALLER}`, 'x-api-key': CALLER, cookie: `k=${CALLER}` },
    body: '{"model":"m"}',
    ...init,
  });

describe('gangway nginx', () => {
  needs('nginx')('the real vendor: nginx -t is content, no secret stands in the file', async () => {
    const written = await write('--resolver', '127.0.0.1', '--server-name', 'ai.example.com');
    expect(nginxTest(written.config).code).not.toBe(0);
    await render(written.tokenFile);
    expect(nginxTest(written.config)).toMatchObject({ code: 0 });
    const text = readFileSync(written.config, 'utf8');
    expect(text).not.toContain(TOKEN);
    expect(text).toContain('proxy_pass https://ark.cn-beijing.volces.com$doubao_path;');
    expect(text).toContain('proxy_set_header Host ark.cn-beijing.volces.com;');
    expect(text).toContain('"/api/v3$doubao_rest"');
    expect(text).toContain('limit_req_zone $binary_remote_addr zone=doubao_limit:10m rate=1r/s;');
    expect(text).toContain('limit_req zone=doubao_limit burst=5 nodelay;');
    expect(text).toContain('limit_req_status 429;');
    expect(statSync(written.tokenFile).mode & 0o777).toBe(0o600);
  });

  needs('nginx', 'openssl')('with a certificate: https, and 80 is sent on', async () => {
    const { cert, key } = makeCertificate(makeFolder(), 'front');
    const dir = makeFolder();
    const tokenFile = join(dir, 'token.conf');
    await render(tokenFile);
    const flags = ['--cert', cert, '--key', key, '--token-file', tokenFile, '--run-dir', dir];
    const made = await runCli(['nginx', '--resolver', '127.0.0.1', ...flags]);
    expect(made.out).toContain('listen 443 ssl;');
    expect(made.out).toContain('return 308 https://$host$request_uri;');
    const config = join(dir, 'nginx.conf');
    writeFileSync(config, made.out);
    expect(nginxTest(config)).toMatchObject({ code: 0 });
  });

  needs('nginx')('a call: path mapped, Host set, token in, caller out', async () => {
    const upstream = startUpstream(() => Response.json({ ok: true }));
    const written = await write('--upstream', `${upstream.url}/api/v3`);
    await render(written.tokenFile);
    await startNginx(written);
    const answer = await ask(written.url, '/api/doubao/v1/chat/completions?a=%0d%0ab');
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    const [seen] = upstream.seen;
    expect(seen?.path).toBe('/api/v3/chat/completions?a=%0d%0ab');
    expect(seen?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(seen?.headers.host).toBe(new URL(upstream.url).host);
    expect(JSON.stringify(seen)).not.toContain(CALLER);
    expect(JSON.stringify(seen)).not.toContain(new URL(written.url).host);
    const up = ['..%2fv1', '%2e%2e%2fv1/x', 'a/..%2f..%2f..%2fv4/x', 'a%20b'];
    const doors = ['/', '/api/doubao/', '/api/doubao/v1', '/v1/chat/completions'];
    for (const path of [...doors, ...up.map((way) => `/api/doubao/v1/${way}`)]) {
      const refused = await ask(written.url, path);
      expect([path, refused.status]).toEqual([path, 404]);
      expect((await refused.json()) as object).toMatchObject({ code: 'not_found' });
    }
    expect(upstream.seen).toHaveLength(1);
    for (const file of ['error.log', 'access.log']) {
      const log = readFileSync(join(written.dir, file), 'utf8');
      expect([file, log.includes(TOKEN), log.includes(CALLER)]).toEqual([file, false, false]);
    }
  });

  needs('nginx')(
    '12 at once: 6 pass, 6 get 429, as our own limiter says',
    async () => {
      const upstream = startUpstream(() => Response.json({ ok: true }));
      const written = await write('--upstream', `${upstream.url}/api/v3`);
      await render(written.tokenFile);
      await startNginx(written);
      const clock = new SimClock();
      const counters = new MemoryCounters(clock);
      const startedMs = performance.now();
      const said: number[] = [];
      const ours: number[] = [];
      // 12 at once, then 4 more when 2 have leaked away.
      for (const pauseMs of [...Array<number>(12).fill(0), 2_300, 0, 0, 0]) {
        await Bun.sleep(pauseMs);
        const passedMs = performance.now() - startedMs - clock.tickMs();
        await clock.advance(passedMs);
        const answer = await ask(written.url);
        said.push(answer.status);
        ours.push(counters.leak('one', RULE).ok ? 200 : 429);
        if (answer.status !== 429) await answer.text();
        else {
          expect(await answer.json()).toMatchObject({
            code: 'address_limit_exceeded',
            request_id: expect.stringMatching(/^req_[\da-f]{32}$/),
            error: { code: 'address_limit_exceeded', type: 'rate_limit_error' },
          });
          expect(answer.headers.get('content-type')).toBe('application/json');
          expect(answer.headers.get('retry-after')).toBe('1');
        }
      }
      expect(said.slice(0, 12)).toEqual([...Array(6).fill(200), ...Array(6).fill(429)]);
      expect(said.slice(12)).toEqual([200, 200, 429, 429]);
      expect(said).toEqual(ours);
      expect(upstream.seen).toHaveLength(8);
    },
    20_000,
  );

  needs('nginx')('a stream comes through as it is made; refusals are in our envelope', async () => {
    const gates: (() => void)[] = [];
    const upstream = startUpstream(() => {
      const body = new ReadableStream<Uint8Array>({
        start(to) {
          to.enqueue(Buffer.from('data: 1\n\n'));
          gates.push(() => {
            to.enqueue(Buffer.from('data: 2\n\n'));
            to.close();
          });
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
    const written = await write('--upstream', `${upstream.url}/api/v3`);
    await render(written.tokenFile);
    await startNginx(written);
    const reader = (await ask(written.url)).body?.getReader();
    // The second event is not made before the first one has arrived.
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
    gates[0]?.();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 2\n\n');
    for (const server of servers.splice(0)) await server.stop(true);
    const gone = await ask(written.url);
    expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([
      502,
      'vendor_unreachable',
    ]);
  });

  needs('nginx')('in front of Gangway: a call with the token of the file', async () => {
    const gateway = await startGateway();
    const written = await write('--to', 'gangway', '--upstream', `${gateway.url}/api/doubao/v1`);
    await render(written.tokenFile, gateway.key);
    await startNginx(written);
    const body = { model: 'sandbox-fast', stream: false };
    const messages = [{ role: 'user', content: 'hi' }];
    const answer = await ask(written.url, undefined, {
      headers: { authorization: `Bearer ${CALLER}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, messages }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ object: 'chat.completion' });
  });
});

describe('gangway nginx --render-token', () => {
  test('--watch writes a changed token again, and reloads', async () => {
    const dir = makeFolder();
    const tokenFile = join(dir, 'token.conf');
    const source = join(dir, 'source');
    const reloads = join(dir, 'reloads');
    writeFileSync(source, 'first');
    const flags = ['--token-ref', `file:${source}`, '--token-file', tokenFile, '--watch'];
    const reload = ['--reload', `echo again >> ${reloads}`];
    const command = [process.execPath, MAIN, 'nginx', '--render-token', ...flags, ...reload];
    const running = launch(command);
    const holds = (token: string) => () =>
      existsSync(tokenFile) && readFileSync(tokenFile, 'utf8').includes(`default "${token}";`);
    await until(holds('first'), 'the first token');
    writeFileSync(source, 'second');
    await until(holds('second'), 'the second token', 10_000);
    await until(() => readFileSync(reloads, 'utf8') === 'again\nagain\n', 'two reloads');
    running.child.kill('SIGTERM');
    expect(await running.child.exited).toBe(0);
    expect(running.out() + running.err()).not.toContain('second');
  }, 20_000);

  test('refuses what could end the directive, and what is no reference', async () => {
    const tokenFile = join(makeFolder(), 'token.conf');
    const flags = ['--render-token', '--token-file', tokenFile, '--token-ref'];
    const env = { MY_TOKEN: 'a"; } server { listen 9; }' };
    const bad = await runCli(['nginx', ...flags, 'env:MY_TOKEN'], { env });
    expect([bad.code, bad.err.includes('server {')]).toEqual([1, false]);
    expect((await runCli(['nginx', ...flags, 'sk-plain'])).code).toBe(2);
    expect(existsSync(tokenFile)).toBeFalse();
    const wrong = [
      ['--to', 'moon'],
      ['--upstream', 'ftp://x'],
      ['--upstream', 'http://x/$y;'],
      ['--listen', '80; return 200'],
      ['--server-name', 'a; b'],
      ['--cert', 'a'],
    ];
    for (const flag of wrong) expect((await runCli(['nginx', ...flag])).code).toBe(2);
  });
});
