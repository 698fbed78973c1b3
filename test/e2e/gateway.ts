/** A real gateway for end-to-end tests: its process, its command line, its sandbox. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import { z } from 'zod';

export const ROOT = join(import.meta.dir, '..', '..');
const MAIN = join(ROOT, 'src', 'main.ts');
const SANDBOX = join(ROOT, 'sandbox', 'main.ts');
const READY_MS = 15_000;
/** As bin/gangway.mjs sets it; Bun's own default is 256. */
const OUTBOUND_REQUESTS_MAX = '65535';

type Env = Readonly<Record<string, string>>;
type Child = Subprocess<'ignore', 'pipe', 'pipe'>;

const children = new Set<Child>();
const folders = new Set<string>();

/** A new folder that cleanUp removes. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gangway-e2e-'));
  folders.add(folder);
  return folder;
}

/** Ends every process and folder of this file: for afterEach or afterAll. */
export async function cleanUp(): Promise<void> {
  const ending = [...children].map((child) => {
    child.kill('SIGKILL');
    return child.exited;
  });
  await Promise.all(ending);
  children.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** No key of the developer's own and no setting of another gateway. */
export function makeEnv(more: Env = {}): Record<string, string> {
  const env: Record<string, string> = { BUN_CONFIG_MAX_HTTP_REQUESTS: OUTBOUND_REQUESTS_MAX };
  for (const [name, value] of Object.entries(Bun.env)) {
    const ours =
      name.endsWith('_API_KEY') || name.startsWith('GANGWAY_') || name === 'DATABASE_URL';
    if (!ours && value !== undefined) env[name] = value;
  }
  return { ...env, ...more };
}

/** A program whose output is kept. */
export interface Running {
  readonly child: Child;
  readonly out: () => string;
  readonly err: () => string;
}

export function launch(
  command: readonly string[],
  options: { readonly env?: Env; readonly cwd?: string } = {},
): Running {
  const child = Bun.spawn([...command], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: makeEnv(options.env),
    cwd: options.cwd ?? ROOT,
  });
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return { child, out: collect(child.stdout), err: collect(child.stderr) };
}

function collect(stream: ReadableStream<Uint8Array>): () => string {
  const decoder = new TextDecoder();
  let text = '';
  const read = async (): Promise<void> => {
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  };
  void read();
  return () => text;
}

/** Waits until `ready` answers something; fails with `what` after `waitMs`. */
export async function until<T>(
  ready: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  waitMs = 5_000,
): Promise<T> {
  for (const endMs = Date.now() + waitMs; ; ) {
    const found = await ready();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endMs) throw new Error(`in ${waitMs} ms it did not come to be: ${what}`);
    await Bun.sleep(10);
  }
}

async function firstLine(running: Running, what: string): Promise<string> {
  const line = await until(
    () => {
      const end = running.out().indexOf('\n');
      if (end >= 0) return running.out().slice(0, end);
      return running.child.exitCode === null && running.child.signalCode === null ? undefined : '';
    },
    `${what} is ready`,
    READY_MS,
  );
  if (line !== '') return line;
  await Bun.sleep(20);
  throw new Error(`${what} ended before it was ready: ${running.err()}`);
}

const sandboxReady = z.object({ url: z.url() });

/** The sandbox as a program of its own, that outlives gateways. */
export async function startSandbox(...flags: string[]): Promise<{ url: string } & Running> {
  const command = [process.execPath, SANDBOX, '--listen', '127.0.0.1:0', '--json', ...flags];
  const running = launch(command);
  const { url } = sandboxReady.parse(JSON.parse(await firstLine(running, 'the sandbox')));
  return { url, ...running };
}

export interface GatewayOptions {
  /** Data folder; default: a new one. */
  readonly data?: string;
  /** Text of a gangway.yaml. */
  readonly yaml?: string;
  readonly env?: Env;
}

export interface Gateway extends Running {
  readonly url: string;
  /** Empty where this start made none. */
  readonly key: string;
  readonly operatorKey: string;
  readonly data: string;
  /** The one line of `--json`. */
  readonly line: string;
  /** Runs a command on this gateway's data; its JSON. Fails where it exits with another than 0. */
  readonly cli: (...words: string[]) => Promise<unknown>;
  /** The sandbox that this gateway started. */
  readonly sandboxUrl: () => Promise<string>;
  /** SIGTERM; its exit code. */
  readonly stop: () => Promise<number>;
  /** SIGKILL to the server itself. */
  readonly kill: () => Promise<void>;
}

const gatewayReady = z.strictObject({
  url: z.url(),
  operator_key: z.string().optional(),
  key: z.string().optional(),
});

/** Spawns `gangway serve` and does not wait for it. */
export function launchGateway(options: GatewayOptions = {}): Running & { readonly data: string } {
  const data = options.data ?? join(makeFolder(), 'data');
  const command = [process.execPath, MAIN, 'serve', '--listen', '127.0.0.1:0', '--json'];
  command.push('--data', data);
  if (options.yaml !== undefined) command.push('--config', keepYaml(options.yaml));
  return { ...launch(command, options.env === undefined ? {} : { env: options.env }), data };
}

export function keepYaml(text: string): string {
  const path = join(makeFolder(), 'gangway.yaml');
  writeFileSync(path, text);
  return path;
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const running = launchGateway(options);
  const { child, err, data } = running;
  const line = await firstLine(running, 'the gateway');
  const ready = gatewayReady.parse(JSON.parse(line));
  return {
    ...running,
    url: ready.url,
    key: ready.key ?? '',
    operatorKey: ready.operator_key ?? '',
    line,
    cli: (...words) => cliJson(words, data, options.env),
    sandboxUrl: () =>
      until(
        () => /"the sandbox answers[^\n]*"url":"([^"]+)"/.exec(err())?.[1],
        'the log names the sandbox',
      ),
    async stop() {
      child.kill('SIGTERM');
      return child.exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `gangway …` to its end. */
export async function runCli(
  words: readonly string[],
  options: { readonly env?: Env; readonly cwd?: string } = {},
): Promise<CliRun> {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: makeEnv(options.env),
    cwd: options.cwd ?? ROOT,
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

async function cliJson(words: readonly string[], data: string, env?: Env): Promise<unknown> {
  const options = env === undefined ? {} : { env };
  const { code, out, err } = await runCli([...words, '--data', data, '--json'], options);
  if (code !== 0) throw new Error(`gangway ${words.join(' ')} exited with ${code}: ${err}${out}`);
  return JSON.parse(out);
}
