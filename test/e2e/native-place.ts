/** A gateway before the sandbox's job vendors, for tests of vendors' own paths. */
import { join } from 'node:path';
import { createKey } from './books.ts';
import { type Gateway, makeFolder, startGateway, startSandbox } from './gateway.ts';

export interface Made {
  readonly id: string;
  readonly vendor: string;
  readonly prompt: string;
  readonly state: string;
  readonly request: Readonly<Record<string, unknown>>;
}

export interface NativePlace {
  readonly gateway: Gateway;
  readonly sandbox: string;
  /** Of an account with a balance. */
  readonly key: string;
  /** Of the first account, which has no limit. */
  readonly freeKey: string;
  /** What the vendor received, the newest first. */
  made(): Promise<readonly Made[]>;
}

interface Wish {
  /** By vendor: where below the sandbox it is, and its key there. */
  readonly vendors: Readonly<Record<string, { path: string; key: string; more?: object }>>;
  readonly jobMs?: number;
  readonly yaml?: readonly string[];
}

export async function startNative({ vendors, jobMs = 400, yaml = [] }: Wish): Promise<NativePlace> {
  const sandbox = (await startSandbox('--job-ms', String(jobMs))).url;
  const upstreams = Object.entries(vendors).map(([id, { path, key, more }]) => [
    id,
    { base_url: sandbox + path, key, ...more },
  ]);
  const text = [
    `vendors: ${JSON.stringify(Object.fromEntries(upstreams))}`,
    'tasks: { pace_percent: 10, sure_after_ms: 3000 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: warn',
    ...yaml,
  ].join('\n');
  const gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml: text });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '1000');
  return {
    gateway,
    sandbox,
    key: (await createKey(gateway, '--account', 'payer')).key,
    freeKey: (await createKey(gateway)).key,
    async made() {
      const answer = await (await fetch(`${sandbox}/sandbox/jobs`)).json();
      return (answer as { jobs: readonly Made[] }).jobs;
    },
  };
}
