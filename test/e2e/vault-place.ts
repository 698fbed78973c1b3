/**
 * A Vault for tests, behind a door that can be closed. Always the stand-in; a real server too where
 * GANGWAY_TEST_VAULT_ADDR and GANGWAY_TEST_VAULT_TOKEN (root) name one, such as that of
 * `vault server -dev` or `bao server -dev`.
 */
import { until } from './gateway.ts';
import { VaultStandIn } from './vault-stand-in.ts';

export interface VaultPlace {
  /** Of the door. */
  readonly url: string;
  readonly mount: string;
  /** Paths asked through the door, without /v1/. */
  readonly asked: string[];
  put(name: string, data: object): Promise<void>;
  newToken(ttlS: number): Promise<string>;
  newRole(ttlS: number): Promise<{ roleId: string; secretId: string }>;
  revoke(token: string): Promise<void>;
  /** The last token that went through the door. */
  lastToken(): string;
  open(isOpen: boolean): void;
  stop(): void;
}

interface Server {
  readonly url: string;
  readonly rootToken: string;
  readonly stop: () => void;
}

export const VAULTS: readonly (readonly [name: string, open: () => Server])[] = [
  ['the stand-in', () => new VaultStandIn()],
  ...realVault(),
];

function realVault(): readonly (readonly [string, () => Server])[] {
  const { GANGWAY_TEST_VAULT_ADDR: url, GANGWAY_TEST_VAULT_TOKEN: rootToken } = Bun.env;
  if (url === undefined || rootToken === undefined) return [];
  return [['a real server', () => ({ url, rootToken, stop: () => undefined })]];
}

type Reply = {
  readonly auth?: { readonly client_token: string };
  readonly data?: { readonly role_id?: string; readonly secret_id?: string };
};

export async function openVault(open: () => Server): Promise<VaultPlace> {
  const server = open();
  const mount = `kv-${crypto.randomUUID().slice(0, 8)}`;
  const admin = async (path: string, body?: object): Promise<Reply & { status: number }> => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = { 'x-vault-token': server.rootToken };
    const sent = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(`${server.url}/v1/${path}`, { method, headers, body: sent });
    const text = await answer.text();
    return { ...(text === '' ? {} : (JSON.parse(text) as Reply)), status: answer.status };
  };
  await admin(`sys/mounts/${mount}`, { type: 'kv', options: { version: '2' } });
  await admin('sys/auth/approle', { type: 'approle' });
  const policy = `path "${mount}/data/*" { capabilities = ["read"] }`;
  await admin(`sys/policies/acl/${mount}`, { policy });
  const door = makeDoor(server.url);
  return {
    ...door,
    mount,
    async put(name, data) {
      // A new mount answers 400 for a moment.
      const put = async (): Promise<boolean> =>
        (await admin(`${mount}/data/${name}`, { data })).status === 200;
      await until(put, 'the secret is written');
    },
    async newToken(ttlS) {
      const wish = { policies: [mount], ttl: `${ttlS}s`, renewable: true };
      return (await admin('auth/token/create', wish)).auth?.client_token ?? '';
    },
    async newRole(ttlS) {
      const role = `auth/approle/role/${mount}`;
      await admin(role, { token_policies: [mount], token_ttl: `${ttlS}s` });
      const roleId = (await admin(`${role}/role-id`)).data?.role_id ?? '';
      const secretId = (await admin(`${role}/secret-id`, {})).data?.secret_id ?? '';
      return { roleId, secretId };
    },
    async revoke(token) {
      await admin('auth/token/revoke', { token });
    },
    stop() {
      door.stop();
      server.stop();
    },
  };
}

function makeDoor(target: string) {
  const asked: string[] = [];
  let isOpen = true;
  let last = '';
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      if (!isOpen) return new Response('{"errors":["Vault is sealed"]}', { status: 503 });
      const { pathname } = new URL(request.url);
      asked.push(pathname.replace(/^\/v1\//, ''));
      last = request.headers.get('x-vault-token') ?? last;
      const { method, headers } = request;
      const body = method === 'GET' ? null : await request.text();
      const answer = await fetch(target + pathname, { method, headers, body });
      return new Response(await answer.text(), { status: answer.status });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    lastToken: () => last,
    open(open: boolean) {
      isOpen = open;
    },
    stop: () => void server.stop(true),
  };
}
