/** A gateway with several vendors of slow work behind it, all of them the sandbox's. */
import { join } from 'node:path';
import { createKey } from './books.ts';
import { type Gateway, makeFolder, startGateway, startSandbox, until } from './gateway.ts';

export interface TaskPlace {
  readonly gateway: Gateway;
  readonly sandbox: string;
  readonly key: string;
  ask(method: string, path: string, more?: Ask): Promise<Told>;
  /** A task, once it has ended. */
  ended(id: string): Promise<Shown>;
  /** A key of another account. */
  stranger(): Promise<string>;
  /** What the vendor got. */
  jobs(): Promise<readonly Job[]>;
}

interface Ask {
  readonly body?: object | Uint8Array | FormData;
  readonly headers?: Readonly<Record<string, string>>;
  /** null: without a key. */
  readonly key?: string | null;
}

export interface Shown extends Record<string, unknown> {
  readonly id: string;
  readonly status: string;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Shown & { readonly data: readonly Shown[]; readonly error: Wrong };
}

interface Wrong {
  readonly code: string;
  readonly param: string | null;
  readonly message: string;
}

interface Job {
  readonly vendor: string;
  readonly id: string;
  readonly prompt: string;
  readonly state: string;
  readonly request: Record<string, unknown>;
}

const JOB_MS = 400;
const ENDED = ['succeeded', 'failed', 'canceled'];

export function taskYaml(sandbox: string, more: string): string {
  const vendors = {
    ark: { base_url: `${sandbox}/ark/api/v3`, key: 'sandbox-ark-key' },
    luma: { base_url: `${sandbox}/luma/dream-machine/v1`, key: 'sandbox-luma-key' },
    runway: { base_url: `${sandbox}/runwayml`, key: 'sandbox-runway-key' },
    kling: { base_url: `${sandbox}/klingai`, key: 'sandbox-kling-access:sandbox-kling-secret' },
    bfl: { base_url: `${sandbox}/bfl/v1`, key: 'sandbox-bfl-key' },
    replicate: { base_url: `${sandbox}/replicate/v1`, key: 'sandbox-replicate-key' },
  };
  return [
    `vendors: ${JSON.stringify(vendors)}`,
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'limits: { requests_per_minute: 0 }',
    'log_level: error',
    more,
  ].join('\n');
}

export async function makeTaskPlace(more = 'tasks: { pace_percent: 5 }'): Promise<TaskPlace> {
  const { url: sandbox } = await startSandbox('--job-ms', String(JOB_MS));
  const data = join(makeFolder(), 'data');
  const gateway = await startGateway({ data, yaml: taskYaml(sandbox, more) });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '1000');
  const { key } = await createKey(gateway, '--account', 'payer');
  const place: TaskPlace = {
    gateway,
    sandbox,
    key,
    async ask(method, path, { body, headers = {}, key: own = key } = {}) {
      const isPlain = !(body instanceof Uint8Array || body instanceof FormData);
      const response = await fetch(path.startsWith('http') ? path : gateway.url + path, {
        method,
        headers: {
          ...(own === null ? {} : { authorization: `Bearer ${own}` }),
          ...(isPlain && body !== undefined ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isPlain ? JSON.stringify(body) : body }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      const { status, headers: got } = response;
      return { status, headers: got, body: (isJson ? JSON.parse(text) : {}) as Told['body'] };
    },
    ended: (id) =>
      until(
        async () => {
          const { body } = await place.ask('GET', `/v1/tasks/${id}?wait=5`);
          return ENDED.includes(body.status) ? body : undefined;
        },
        `task ${id} has ended`,
        15_000,
      ),
    async stranger() {
      await gateway.cli('accounts', 'create', 'stranger', '--balance', '10');
      return (await createKey(gateway, '--account', 'stranger')).key;
    },
    async jobs() {
      const answer = (await (await fetch(`${sandbox}/sandbox/jobs`)).json()) as { jobs: Job[] };
      return answer.jobs;
    },
  };
  return place;
}
