/** Other gateways, pinned; installed into a temporary directory only when they are asked for. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contestant, StartOptions } from './contestant.ts';
import { freePort, launch, listens, until } from './contestant.ts';

const PORTKEY = '1.15.2';
const LITELLM = '1.106.2';
const LITELLM_KEY = 'sk-bench-0123456789abcdef0123456789abcdef';
const READY_MS = 120_000;
const EVIDENCE_CHARS = 400;

export type PeerName = 'portkey' | 'litellm';
export const PEERS: readonly PeerName[] = ['portkey', 'litellm'];

/** Kept between runs: an installation is not part of any measurement. */
const home = (name: string): string => {
  const dir = join(tmpdir(), 'gangway-bench-peers', name);
  mkdirSync(dir, { recursive: true });
  return dir;
};

async function run(command: readonly string[], cwd: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdout: 'pipe', stderr: 'pipe' });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) === 0) return;
  throw new Error(`${command.join(' ')}: ${(err || out).slice(-EVIDENCE_CHARS)}`);
}

async function startPortkey(options: StartOptions): Promise<Contestant> {
  const dir = home(`portkey-${PORTKEY}`);
  const script = join(dir, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(script)) {
    const pack = `@portkey-ai/gateway@${PORTKEY}`;
    await run(['npm', 'install', '--no-audit', '--no-fund', '--prefix', dir, pack], dir);
  }
  const port = freePort();
  const log = join(options.dir, `portkey-${options.core ?? 'free'}`);
  const command = ['node', script, '--headless', `--port=${port}`];
  const env = { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1' };
  const pid = launch({ command, log, core: options.core, cwd: dir, env });
  await until(() => listens(port), { pid, log, ms: READY_MS });
  return {
    name: 'portkey',
    level: 'peer',
    version: PORTKEY,
    port,
    path: '/v1/chat/completions',
    model: 'bench-model',
    headers: {
      Authorization: 'Bearer bench-key',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${options.mockPort}/v1`,
    },
    pids: [pid],
  };
}

const litellmConfig = (mockPort: number): string => `model_list:
  - model_name: bench-model
    litellm_params:
      model: openai/bench-model
      api_base: http://127.0.0.1:${mockPort}/v1
      api_key: bench-key
`;

async function startLitellm(options: StartOptions): Promise<Contestant> {
  const dir = home(`litellm-${LITELLM}`);
  const program = join(dir, 'venv/bin/litellm');
  if (!existsSync(program)) {
    await run(['python3', '-m', 'venv', 'venv'], dir);
    await run(['venv/bin/pip', 'install', '-q', `litellm[proxy]==${LITELLM}`], dir);
  }
  const port = freePort();
  const log = join(options.dir, `litellm-${options.core ?? 'free'}`);
  const config = join(options.dir, 'litellm.yaml');
  writeFileSync(config, litellmConfig(options.mockPort));
  const where = ['--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const pid = launch({
    command: [program, '--config', config, '--telemetry', 'False', ...where],
    log,
    core: options.core,
    cwd: options.dir,
    env: {
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      LITELLM_LOG: 'ERROR',
      LITELLM_MASTER_KEY: LITELLM_KEY,
    },
  });
  await until(() => listens(port), { pid, log, ms: READY_MS });
  return {
    name: 'litellm',
    level: 'peer',
    version: LITELLM,
    port,
    path: '/v1/chat/completions',
    model: 'bench-model',
    headers: { Authorization: `Bearer ${LITELLM_KEY}` },
    pids: [pid],
  };
}

export async function startPeer(name: PeerName, options: StartOptions): Promise<Contestant> {
  return name === 'portkey' ? await startPortkey(options) : await startLitellm(options);
}
