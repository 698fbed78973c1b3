/** A gateway before a sandbox that outlives it, with what Ark's users have: pairs, endpoints. */
import { createRequire } from 'node:module';
import { z } from 'zod';
import { ARK, VENDORS } from '../../sandbox/vendors.ts';
import { createKey } from './books.ts';
import { type Gateway, type Running, startGateway, startSandbox } from './gateway.ts';

interface Service {
  createJSONAPI(action: string): (body: object) => Promise<unknown>;
}

interface OpenApi {
  readonly Service: new (options: object) => Service;
}

const openapi: OpenApi = createRequire(import.meta.url)('@volcengine/openapi');

const PAIR = z.object({ access_key_id: z.string(), secret_access_key: z.string() });
const MADE = z.object({ Result: z.object({ Id: z.string() }) });
const MODEL = Object.freeze({ Name: 'doubao-seed-1-6', ModelVersion: '251015' });
/** Vendors whose models are asked for through Ark's door. */
const OTHERS = ['openai', 'deepseek', 'zhipu', 'moonshot'];

export interface ArkPlace {
  readonly gateway: Gateway;
  readonly sandbox: { readonly url: string } & Running;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of doubao-seed-1-6. */
  readonly endpoint: string;
  readonly otherKey: string;
  /** Signs one action as @volcengine/openapi does. */
  readonly act: (action: string, body: object) => Promise<unknown>;
}

/** Contexts and batches are of endpoints at the vendor, bots of bots: models of our own. */
function settings(url: string): string {
  const price = { input: '1', output: '2', cached_input: '0.2' };
  // A known model by an endpoint of ours at the vendor: it costs what the catalogue says.
  const seed = { id: 'doubao-seed-1-6-251015', wire_name: 'ep-20260101000000-abcde' };
  const bot = { id: 'bot-support', kind: 'bot', price };
  const faults = ['429', '500', '403-account', 'cut-middle'].map((name) => ({
    name: `sandbox-${name}`,
    base_url: url + ARK.path,
    key: ARK.key,
    priority: 9,
    models: [{ id: `ark/sandbox-${name}`, wire_name: `sandbox-${name}`, price }],
  }));
  const own = { name: 'main', base_url: url + ARK.path, key: ARK.key, models: [seed, bot] };
  const others = VENDORS.filter(({ id }) => OTHERS.includes(id)).map(
    ({ id, path, key }) => [id, [{ base_url: url + path, key }]] as const,
  );
  const vendors = { ark: [own, ...faults], ...Object.fromEntries(others) };
  return `retry: { count: 0, delay_ms: 10 }\nvendors: ${JSON.stringify(vendors)}\n`;
}

export async function startArkPlace(): Promise<ArkPlace> {
  const sandbox = await startSandbox();
  const gateway = await startGateway({ yaml: settings(sandbox.url) });
  const pair = PAIR.parse(await gateway.cli('access-keys', 'create', '--account', 'default'));
  await gateway.cli('accounts', 'create', 'other', '--balance', '5');
  const { key: otherKey } = await createKey(gateway, '--account', 'other');
  const service = new openapi.Service({
    host: new URL(gateway.url).host,
    protocol: 'http:',
    serviceName: 'ark',
    region: 'cn-beijing',
    defaultVersion: '2024-01-01',
    accessKeyId: pair.access_key_id,
    secretKey: pair.secret_access_key,
  });
  const act = (action: string, body: object): Promise<unknown> =>
    service.createJSONAPI(action)(body);
  const made = await act('CreateEndpoint', {
    Name: 'chat',
    ModelReference: { FoundationModel: MODEL },
  });
  return {
    gateway,
    sandbox,
    accessKey: pair.access_key_id,
    secretKey: pair.secret_access_key,
    endpoint: MADE.parse(made).Result.Id,
    otherKey,
    act,
  };
}
