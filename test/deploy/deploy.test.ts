/** What deploy/ holds is what the programs that read it take, and what this Gangway knows. */
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadSettings } from '../../src/cli/settings.ts';
import { makeCertificate } from '../e2e/certificate.ts';
import { findNginx, needs } from '../needs.ts';

const ROOT = join(import.meta.dir, '../..');
const DEPLOY = join(ROOT, 'deploy');
const folder = mkdtempSync(join(tmpdir(), 'gangway-deploy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (path: string) => readFileSync(join(DEPLOY, path), 'utf8');
const gatewayService = z.object({
  environment: z.record(z.string(), z.string()),
  secrets: z.array(z.string()),
  build: z.object({ context: z.literal('..'), dockerfile: z.string() }),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })),
});
const composeFile = z.object({
  services: z.record(z.string(), z.looseObject({ image: z.string() })),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  networks: z.record(z.string(), z.looseObject({})),
});
const compose = composeFile.parse(Bun.YAML.parse(read('compose.yaml')));
const gateways = Object.keys(compose.services).filter((name) => /^gateway\d+$/.test(name));

describe('compose.yaml', () => {
  test('has several gateways, each of them behind nginx and ready before it', () => {
    expect(gateways.length).toBeGreaterThanOrEqual(3);
    const servers = [...read('nginx.conf').matchAll(/server (\w+):8420 /g)].map(([, name]) => name);
    expect(servers).toEqual(gateways);
    const nginx = gatewayService.pick({ depends_on: true }).parse(compose.services.nginx);
    expect(Object.keys(nginx.depends_on)).toEqual(gateways);
  });

  test.each([...gateways, 'migrate'])('%s: every setting is one, every secret is made', (name) => {
    const service = gatewayService.parse(compose.services[name]);
    const { environment, secrets, build } = service;
    expect(existsSync(join(ROOT, build.dockerfile))).toBeTrue();
    const settings = loadSettings({ env: environment, file: null, flags: {} });
    expect(settings.storage.migrate).toBe('off');
    expect(settings.storage.redis_url).toBe('file:/run/secrets/redis_url');
    expect(settings.server.trusted_proxies).toEqual(['172.30.84.0/24']);
    expect(JSON.stringify(compose.networks)).toContain('172.30.84.0/24');
    const known = new Set(namesOf(loadSettings({ env: {}, file: null, flags: {} })));
    const asked = Object.keys(environment).filter((key) => key.startsWith('GANGWAY_'));
    const OTHERS = ['GANGWAY_MASTER_KEY'];
    expect(asked.filter((key) => !known.has(key) && !OTHERS.includes(key))).toEqual([]);
    const files = Object.values(environment).flatMap(
      (value) => /^file:\/run\/secrets\/(.+)$/.exec(value)?.[1] ?? [],
    );
    expect(files.sort()).toEqual([...secrets].sort());
    for (const secret of secrets) expect(compose.secrets[secret]).toBeDefined();
    const condition = name === 'migrate' ? 'postgres' : 'migrate';
    expect(service.depends_on[condition]).toBeDefined();
  });

  needs('openssl')('make-secrets.sh makes every secret, and never a second time', () => {
    const copy = join(folder, 'deploy');
    Bun.spawnSync(['cp', '-r', DEPLOY, copy]);
    rmSync(join(copy, 'secrets'), { recursive: true, force: true });
    const make = () => Bun.spawnSync(['sh', join(copy, 'make-secrets.sh')], { cwd: '/' });
    expect(make().exitCode).toBe(0);
    const secrets = () =>
      Object.values(compose.secrets).map(({ file }) => readFileSync(join(copy, file), 'utf8'));
    const first = secrets();
    expect(first.every((text) => text.length > 20 && !text.includes('\n'))).toBeTrue();
    const url = readFileSync(join(copy, 'secrets/database_url'), 'utf8');
    const password = readFileSync(join(copy, 'secrets/postgres_password'), 'utf8');
    expect(new URL(url).password).toBe(password);
    expect(make().exitCode).toBe(0);
    expect(secrets()).toEqual(first);
    for (const part of ['crt', 'key']) {
      expect(existsSync(join(copy, `tls/gangway.${part}`))).toBeTrue();
    }
  });
});

/** The variables of all settings. */
function namesOf(settings: object): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const inner = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    const names = inner.length === 0 ? [name] : inner.map((leaf) => `${name}_${leaf}`);
    return names.map((one) => `GANGWAY_${one}`.toUpperCase());
  });
}

describe('nginx.conf', () => {
  needs('nginx', 'openssl')('is taken by nginx', () => {
    const { cert, key } = makeCertificate(folder, 'gangway');
    let text = read('nginx.conf')
      .replace('/etc/nginx/tls/gangway.crt', cert)
      .replace('/etc/nginx/tls/gangway.key', key);
    // Names of services are known only inside the network of compose.
    gateways.forEach((name, at) => {
      text = text.replace(`${name}:8420`, `127.0.0.1:${8421 + at}`);
    });
    const path = join(folder, 'nginx.conf');
    writeFileSync(path, text);
    const command = [findNginx() ?? 'nginx', '-t', '-p', folder, '-c', path];
    const run = Bun.spawnSync([...command, '-g', `pid ${folder}/nginx.pid;`]);
    expect(run.stderr.toString()).toContain('test is successful');
    expect(run.exitCode).toBe(0);
  });
});

describe('the units of systemd', () => {
  const UNITS = ['gangway@.service', 'gangway-migrate.service'];

  needs('systemd-analyze')('are taken by systemd', () => {
    for (const unit of UNITS) {
      // Where it stands is the operator's; here it stands elsewhere.
      const text = read(`systemd/${unit}`)
        .replaceAll('/usr/bin/node', process.execPath)
        .replaceAll('/opt/gangway', ROOT);
      writeFileSync(join(folder, unit), text);
    }
    const unit = join(folder, 'gangway@8421.service');
    writeFileSync(unit, readFileSync(join(folder, 'gangway@.service'), 'utf8'));
    const run = Bun.spawnSync(['systemd-analyze', 'verify', '--man=no', unit], {
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
    const ours = run.stderr
      .toString()
      .split('\n')
      .filter((line) => line.includes('gangway'));
    expect(ours).toEqual([]);
  });

  test.each(UNITS)('%s starts what is there, with settings that are', (unit) => {
    const text = read(`systemd/${unit}`);
    const [, program] = /ExecStart=\/usr\/bin\/node \/opt\/gangway\/(\S+)/.exec(text) ?? [];
    expect(existsSync(join(ROOT, program ?? ''))).toBeTrue();
    const known = new Set(namesOf(loadSettings({ env: {}, file: null, flags: {} })));
    const names = [...text.matchAll(/^Environment=(GANGWAY_\w+)=/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  test('let open calls end as long as the gateway does', () => {
    const { server } = loadSettings({ env: {}, file: null, flags: {} });
    const [, seconds = '0'] = /TimeoutStopSec=(\d+)/.exec(read('systemd/gangway@.service')) ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(server.stop_timeout_ms + 5_000);
  });
});
