/** Secrets in Vault: read, kept, renewed, away; and a vendor's key that changes under way. */
import { afterEach, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/kit/clock.ts';
import { makeOutbound } from '../../src/kit/fetch.ts';
import { Vault, type VaultSettings } from '../../src/kit/vault.ts';
import { faultCode, readAll, sendChat } from './chat.ts';
import { cleanUp, keepYaml, makeFolder, runCli, startGateway, until } from './gateway.ts';
import { openVault, VAULTS, type VaultPlace } from './vault-place.ts';

const places: VaultPlace[] = [];
const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) place.stop();
  for (const server of servers.splice(0)) void server.stop(true);
  await cleanUp();
});

async function begin(open: (typeof VAULTS)[number][1]): Promise<VaultPlace> {
  const place = await openVault(open);
  places.push(place);
  await place.put('ark', { key: 'first', other: ' spaced\n', empty: '', number: 7 });
  return place;
}

function client(place: VaultPlace, login: VaultSettings['login'], more: object = {}) {
  const warned: string[] = [];
  const settings = { address: place.url, namespace: null, login, cacheMs: 300, lastGood: false };
  const outbound = makeOutbound(systemClock, true);
  const warn = (message: string, why: string): void => void warned.push(`${message}: ${why}`);
  const deps = { clock: systemClock, outbound, warn };
  return { vault: new Vault({ ...settings, ...more }, deps), warned };
}

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: Error) => error.message,
  );

/** A vendor that answers, and remembers with which key it was asked. */
function startVendor() {
  const keys: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      keys.push(request.headers.get('authorization') ?? '');
      const message = { role: 'assistant', content: 'hi' };
      const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      return Response.json({ id: 'a', object: 'chat.completion', created: 1, choices, usage });
    },
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}/v1`, keys };
}

function yaml(place: VaultPlace, vendorUrl: string, vault: string): string {
  return `
vault: { address: "${place.url}", cache_s: 1, ${vault} }
limits: { requests_per_minute: 0 }
vendors:
  openai-compatible:
    base_url: ${vendorUrl}
    key: vault:${place.mount}/ark#key
    models: [{ id: m, price: { input: "0", output: "0" } }]
`;
}

describe.each(VAULTS)('%s', (_, open) => {
  test('a token reads fields; what is not there is named, and no token is shown', async () => {
    const place = await begin(open);
    const token = await place.newToken(60);
    const { vault } = client(place, { kind: 'token', token });
    const at = (rest: string): string => `vault:${place.mount}/${rest}`;
    expect(await vault.read(at('ark#key'))).toBe('first');
    expect(await vault.read(at('ark#other'))).toBe('spaced');
    expect(await failure(vault.read(at('ark#nothing')))).toContain('the field "nothing"');
    expect(await failure(vault.read(at('ark#empty')))).toContain('the field "empty"');
    expect(await failure(vault.read(at('ark#number')))).toContain('the field "number"');
    expect(await failure(vault.read(at('nowhere#key')))).toContain('no such secret');
    expect(await failure(vault.read('vault:kv/elsewhere#key'))).toContain('does not permit');
    for (const wrong of ['vault:ark#key', 'vault:kv/ark', 'vault:kv/../sys/a#b', 'vault:kv//a#b']) {
      expect([wrong, await failure(vault.read(wrong))]).toEqual([
        wrong,
        'it must look like vault:mount/path#field',
      ]);
    }
    const bad = client(place, { kind: 'token', token: 'hvs.wrong-token' });
    const why = await failure(bad.vault.read(at('ark#key')));
    expect(why).toContain('does not permit');
    expect(why).not.toContain('wrong-token');
  });

  test('AppRole: one login, one question for many; a new value after its time', async () => {
    const place = await begin(open);
    const { vault } = client(place, { kind: 'approle', ...(await place.newRole(60)) });
    const reference = `vault:${place.mount}/ark#key`;
    const many = await Promise.all([1, 2, 3, 4].map(() => vault.read(reference)));
    expect(many).toEqual(['first', 'first', 'first', 'first']);
    await place.put('ark', { key: 'second' });
    expect(await vault.read(reference)).toBe('first');
    expect(place.asked).toEqual(['auth/approle/login', `${place.mount}/data/ark`]);
    await Bun.sleep(350);
    expect(await vault.read(reference)).toBe('second');
    const wrong = { kind: 'approle', roleId: 'a', secretId: 'b' } as const;
    expect(await failure(client(place, wrong).vault.read(reference))).toContain('the login');
  });

  test('a token is renewed in time; a revoked one is replaced by a new login', async () => {
    const place = await begin(open);
    const { vault, warned } = client(place, { kind: 'approle', ...(await place.newRole(2)) });
    const reference = `vault:${place.mount}/ark#key`;
    for (const endMs = Date.now() + 3_500; Date.now() < endMs; ) {
      await vault.tend();
      expect(await vault.read(reference)).toBe('first');
      await Bun.sleep(100);
    }
    const logins = (): number => place.asked.filter((path) => path.endsWith('/login')).length;
    expect(place.asked.filter((path) => path.endsWith('/renew-self')).length).toBeGreaterThan(1);
    expect([logins(), warned]).toEqual([1, []]);
    await place.revoke(place.lastToken());
    await Bun.sleep(350);
    expect(await vault.read(reference)).toBe('first');
    expect(logins()).toBe(2);
  }, 15_000);

  test('away: a clear error, or the last good value where the policy allows', async () => {
    const place = await begin(open);
    const login = { kind: 'token', token: await place.newToken(60) } as const;
    const strict = client(place, login);
    const lenient = client(place, login, { lastGood: true });
    const reference = `vault:${place.mount}/ark#key`;
    for (const { vault } of [strict, lenient]) await vault.read(reference);
    place.open(false);
    await Bun.sleep(350);
    expect(await failure(strict.vault.read(reference))).toContain('sealed');
    expect(await lenient.vault.read(reference)).toBe('first');
    expect(lenient.warned.join()).toContain('the last one stays');
    const fresh = client(place, login, { lastGood: true });
    expect(await failure(fresh.vault.read(reference))).toContain('sealed');
    const nobody = { address: 'http://127.0.0.1:1' };
    const gone = client(place, login, nobody);
    expect(await failure(gone.vault.read(reference))).toContain('127.0.0.1:1 does not answer');
    place.open(true);
    expect(await strict.vault.read(reference)).toBe('first');
  });

  test("a vendor's new key is in force without a restart; away under fail is a fault", async () => {
    const place = await begin(open);
    const vendor = startVendor();
    const { roleId, secretId } = await place.newRole(60);
    const login = `role_id: ${roleId}, secret_id: "env:MY_SECRET_ID", on_failure: fail`;
    const env = { MY_SECRET_ID: secretId };
    const gateway = await startGateway({ yaml: yaml(place, vendor.url, login), env });
    const ask = async () => readAll(await sendChat({ ...gateway, model: 'm' }));
    await ask();
    expect(vendor.keys).toEqual(['Bearer first']);
    await place.put('ark', { key: 'second' });
    await until(() => gateway.err().includes('a new credential is in force'), 'the new key', 9_000);
    await ask();
    expect(vendor.keys.at(-1)).toBe('Bearer second');
    place.open(false);
    await until(() => gateway.err().includes('no credential for it now'), 'it is away', 9_000);
    const refused = await sendChat({ ...gateway, model: 'm' });
    expect([refused.status, faultCode(await refused.text())]).toEqual([
      503,
      'credential_unavailable',
    ]);
    expect(vendor.keys).toHaveLength(2);
    place.open(true);
    const works = async (): Promise<boolean> =>
      (await sendChat({ ...gateway, model: 'm' })).status === 200;
    await until(works, 'it works again', 9_000);
    expect(vendor.keys.at(-1)).toBe('Bearer second');
    await gateway.stop();
    for (const secret of ['first"', 'Bearer', 'second"', secretId]) {
      expect([secret, gateway.err().includes(secret)]).toEqual([secret, false]);
    }
  }, 40_000);

  test('a start without Vault says what is missing; nginx gets its token from there', async () => {
    const place = await begin(open);
    const vendor = startVendor();
    const token = await place.newToken(60);
    const config = keepYaml(yaml(place, vendor.url, 'token: "env:MY_VAULT_TOKEN"'));
    const env = { MY_VAULT_TOKEN: token };
    expect((await runCli(['check', '--config', config], { env })).code).toBe(0);
    const tokenFile = join(makeFolder(), 'token.conf');
    const from = ['--token-ref', `vault:${place.mount}/ark#key`, '--config', config];
    const flags = ['nginx', '--render-token', '--token-file', tokenFile, ...from];
    expect((await runCli(flags, { env })).code).toBe(0);
    expect(readFileSync(tokenFile, 'utf8')).toContain('default "first";');
    place.open(false);
    const away = await runCli(['check', '--config', config], { env });
    expect(away.code).toBe(1);
    expect(away.err).toContain(`vendors.openai-compatible.key (vault:${place.mount}/ark#key)`);
    expect(away.err).toContain('sealed');
    const unset = await runCli(['check', '--config', config]);
    expect(unset.err).toContain('vault.token: this variable is not set');
  }, 20_000);
});

test("a vendor's key in a file is read again when it changes", async () => {
  const vendor = startVendor();
  const file = join(makeFolder(), 'key');
  writeFileSync(file, 'first');
  const gateway = await startGateway({
    yaml: `
vendors:
  openai-compatible:
    base_url: ${vendor.url}
    key: file:${file}
    models: [{ id: m, price: { input: "0", output: "0" } }]
`,
  });
  await readAll(await sendChat({ ...gateway, model: 'm' }));
  writeFileSync(file, 'second\n');
  await until(() => gateway.err().includes('a new credential is in force'), 'the new key', 9_000);
  await readAll(await sendChat({ ...gateway, model: 'm' }));
  expect(vendor.keys).toEqual(['Bearer first', 'Bearer second']);
}, 20_000);
