/** Starts the product as a user does: through its command line only. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '../test/suites/signer.ts';
import type { Contestant, StartOptions } from './contestant.ts';
import { freePort, launch, logTail, stop, until } from './contestant.ts';
import type { Proof } from './credentials.ts';
import { gitId } from './sys.ts';

const READY_MS = 30_000;
const KEYS = 10_000;
const RPM = 100_000_000;
const HIGHEST_HTTP_REQUESTS = '65336';
const ENV = { BUN_CONFIG_MAX_HTTP_REQUESTS: HIGHEST_HTTP_REQUESTS };
const ENTRY = 'src/main.ts';
const LAUNCHER = 'bin/gangway.mjs';
const STAND_IN = 'bench/stand-in.ts';

interface Ready {
  readonly url: string;
  readonly key: string;
}

export interface GangwayOptions extends StartOptions {
  /** Run the stand-in instead: to test the bench, never to measure. */
  readonly standIn: boolean;
}

interface Place {
  readonly data: string;
  readonly config: string;
  readonly port: number;
}

const configText = (mockPort: number): string => `vendors:
  openai-compatible:
    - name: bench
      base_url: http://127.0.0.1:${mockPort}/v1
      key: bench-key
      models: [ { id: bench-model } ]
limits: { requests_per_minute: ${RPM}, tokens_per_minute: 0 }
`;

const entryOf = (options: GangwayOptions): string =>
  join(options.root, options.standIn ? STAND_IN : ENTRY);

function place(options: GangwayOptions, label: string): Place {
  if (!existsSync(entryOf(options))) throw new Error(`${ENTRY} is not there`);
  const dir = join(options.dir, `gangway-${label}`);
  const data = join(dir, 'data');
  mkdirSync(data, { recursive: true });
  const config = join(dir, 'gangway.yaml');
  writeFileSync(config, configText(options.mockPort));
  return { data, config, port: freePort() };
}

const serveArguments = (at: Place): string[] => [
  'serve',
  ...['--listen', `127.0.0.1:${at.port}`],
  ...['--data', at.data],
  ...['--config', at.config],
  '--json',
];

/** The first whole JSON line of a log that has a `url`. */
function readyLine(log: string): Ready | undefined {
  for (const line of readFileSync(`${log}.out`, 'utf8').split('\n').slice(0, -1)) {
    if (!line.startsWith('{')) continue;
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('url' in value)) continue;
    const key = 'key' in value ? String(value.key) : '';
    return { url: String(value.url), key };
  }
  return undefined;
}

/** Runs one command of the product and answers the JSON that it prints. */
async function command(options: GangwayOptions, at: Place, words: string[]): Promise<unknown> {
  const more = ['--data', at.data, '--config', at.config, '--json'];
  const log = join(at.data, '..', `command-${crypto.randomUUID()}`);
  const child = Bun.spawn([process.execPath, entryOf(options), ...words, ...more], {
    stdout: Bun.file(`${log}.out`),
    stderr: Bun.file(`${log}.err`),
  });
  await child.exited;
  try {
    return JSON.parse(readFileSync(`${log}.out`, 'utf8'));
  } catch {
    throw new Error(`gangway ${words.slice(0, 2).join(' ')}: ${logTail(log)}`);
  }
}

function keyOf(value: unknown): string {
  const one: unknown = Array.isArray(value) ? value[Math.floor(value.length / 2)] : value;
  if (typeof one === 'object' && one !== null && 'key' in one) return String(one.key);
  throw new Error('gangway keys create printed no key');
}

/** The whole product, everything on, 10,000 keys in its database. */
export async function startGangway(options: GangwayOptions): Promise<Contestant> {
  const at = place(options, String(options.core ?? 'free'));
  const log = join(at.data, '..', 'serve');
  const pid = launch({
    command: [process.execPath, entryOf(options), ...serveArguments(at)],
    log,
    core: options.core,
    cwd: at.data,
    env: ENV,
  });
  await until(() => readyLine(log), { pid, log, ms: READY_MS });
  const create = ['keys', 'create', '--account', 'default', '--rpm', String(RPM)];
  const many = await command(options, at, [...create, '--count', String(KEYS)]);
  const abort = await command(options, at, [...create, '--disconnect', 'abort']);
  return {
    name: options.standIn ? 'stand-in' : 'gangway',
    level: 'L2',
    version: gitId(options.root).slice(0, 12),
    port: at.port,
    path: '/v1/chat/completions',
    model: 'bench-model',
    headers: { Authorization: `Bearer ${keyOf(many)}` },
    pids: [pid],
    abortKey: keyOf(abort),
    ...(options.standIn ? {} : { proofs: () => makeProofs(options, at, keyOf(many)) }),
    books: async () => JSON.stringify(await command(options, at, ['audit'])),
  };
}

const text = (value: unknown, field: string): string => {
  if (typeof value !== 'object' || value === null) throw new Error(`no ${field} was printed`);
  return String((value as Record<string, unknown>)[field]);
};

/** One model looked up by key and by access token, and one action that is signed. */
async function makeProofs(options: GangwayOptions, at: Place, key: string): Promise<Proof[]> {
  const base = `http://127.0.0.1:${at.port}`;
  const about = ['--name', 'bench', '--callback-domain', 'a.test', '--scenario', 'bench'];
  const app = await command(options, at, ['apps', 'create', '--account', 'default', ...about]);
  const pair = await command(options, at, ['access-keys', 'create', '--account', 'default']);
  const answer = await fetch(`${base}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_key: text(app, 'api_key'), api_secret: text(app, 'api_secret') }),
  });
  const token = text(await answer.json(), 'access_token');
  const host = `Host: 127.0.0.1:${at.port}\r\n`;
  const look = (credential: string): Buffer =>
    Buffer.from(
      `GET /v1/models/bench-model HTTP/1.1\r\n${host}Authorization: Bearer ${credential}\r\n\r\n`,
    );
  const path = '/?Action=ListEndpoints&Version=2024-01-01';
  const signed = sign({
    accessKeyId: text(pair, 'access_key_id'),
    secret: text(pair, 'secret_access_key'),
    url: base + path,
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`);
  const action = `POST ${path} HTTP/1.1\r\n${host}${lines.join('')}Content-Length: 2\r\n\r\n{}`;
  return [
    { name: 'look at a model, key', request: look(key) },
    { name: 'look at a model, access token', request: look(token) },
    { name: 'list endpoints, signature', request: Buffer.from(action) },
  ];
}

export interface ColdStart {
  readonly contestant: Contestant;
  /** How it was started: by the launcher of the package where there is one. */
  readonly by: string;
}

/** A first start on an empty directory, through the launcher; `done` stops it. */
export async function coldStart(options: GangwayOptions, n: number): Promise<ColdStart> {
  const at = place(options, `cold-${n}`);
  const log = join(at.data, '..', 'serve');
  const launcher = join(options.root, LAUNCHER);
  const packaged = !options.standIn && existsSync(launcher);
  const program = packaged ? ['node', launcher] : [process.execPath, entryOf(options)];
  const pid = launch({
    command: [...program, ...serveArguments(at)],
    log,
    core: options.core,
    cwd: at.data,
  });
  try {
    const ready = await until(() => readyLine(log), { pid, log, ms: READY_MS });
    const contestant: Contestant = {
      name: 'gangway',
      level: 'L2',
      version: '-',
      port: at.port,
      path: '/v1/chat/completions',
      model: 'bench-model',
      headers: { Authorization: `Bearer ${ready.key}` },
      pids: [pid],
    };
    const entry = options.standIn ? STAND_IN : ENTRY;
    return { contestant, by: packaged ? `node ${LAUNCHER}` : `bun ${entry}` };
  } catch (error) {
    await stop([pid]);
    throw error;
  }
}
