/** HTTPS served by Gangway itself: the certificate, its renewal, and what plain HTTP gets. */
import { afterEach, describe, expect } from 'bun:test';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { needs } from '../needs.ts';
import { makeCertificate } from './certificate.ts';
import { faultCode } from './chat.ts';
import {
  cleanUp,
  type Gateway,
  keepYaml,
  makeFolder,
  runCli,
  startGateway,
  until,
} from './gateway.ts';

afterEach(cleanUp);
const tlsTest = needs('openssl');

interface Place {
  readonly cert: string;
  readonly key: string;
  readonly use: (name: string) => void;
}

/** Two certificates, and the two files that the settings name. */
function makePlace(): Place {
  const folder = makeFolder();
  const cert = join(folder, 'tls.crt');
  const key = join(folder, 'tls.key');
  const made = new Map(['first', 'second'].map((name) => [name, makeCertificate(folder, name)]));
  const use = (name: string): void => {
    const pair = made.get(name);
    if (pair === undefined) throw new Error(`no certificate ${name}`);
    copyFileSync(pair.cert, cert);
    copyFileSync(pair.key, key);
  };
  use('first');
  return { cert, key, use };
}

const yaml = (place: Place, more = ''): string =>
  `limits: { requests_per_minute: 0 }\ntls: { cert: ${place.cert}, key: ${place.key}${more} }\n`;

/** Without a check of the certificate: which one it is, is asked apart. */
const fetchTls = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { ...init, tls: { rejectUnauthorized: false }, redirect: 'manual' });

/** The common name of the certificate that a new connection gets. */
function seenName(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const at = { host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false };
  const socket = connect(at, () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.end();
  });
  socket.on('error', reject);
  return promise;
}

function chat(gateway: Gateway, wish: { readonly model: string; readonly stream?: boolean }) {
  return fetchTls(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...wish, messages: [{ role: 'user', content: 'hi' }] }),
  });
}

const freePort = (): number => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
};

describe('tls', () => {
  tlsTest('serves https with the certificate of the settings, and nothing in clear', async () => {
    const place = makePlace();
    const gateway = await startGateway({ yaml: yaml(place) });
    expect(gateway.url).toStartWith('https://');
    const ca = readFileSync(place.cert, 'utf8');
    const health = await fetch(`${gateway.url}/healthz`, { tls: { ca } });
    expect(await health.json()).toEqual({ status: 'ok' });
    expect((await chat(gateway, { model: 'sandbox-fast' })).status).toBe(200);
    const clear = fetch(`${gateway.url.replace('https', 'http')}/healthz`);
    expect(
      await clear.then(
        () => 'answered',
        () => 'refused',
      ),
    ).toBe('refused');
    expect(await gateway.stop()).toBe(0);
  });

  tlsTest(
    'a new certificate comes into force while a stream goes on',
    async () => {
      const place = makePlace();
      const gateway = await startGateway({ yaml: yaml(place) });
      expect(await seenName(gateway.url)).toBe('first');
      const slow = await chat(gateway, { model: 'sandbox-slow', stream: true });
      let failed = 0;
      let done = false;
      // Calls on kept connections, all the time.
      const busy = (async () => {
        while (!done) {
          const answer = await fetchTls(`${gateway.url}/healthz`).catch(() => null);
          if (answer?.status !== 200) failed += 1;
          await answer?.text();
          await Bun.sleep(5);
        }
      })();
      place.use('second');
      await until(async () => (await seenName(gateway.url)) === 'second', 'the second certificate');
      expect(await slow.text()).toEndWith('data: [DONE]\n\n');
      // Longer than the old listener lives.
      await Bun.sleep(6_000);
      for (let i = 0; i < 10; i += 1) expect(await seenName(gateway.url)).toBe('second');
      done = true;
      await busy;
      expect(failed).toBe(0);
      expect(await gateway.stop()).toBe(0);
    },
    30_000,
  );

  tlsTest('half a renewal changes nothing; the log says so', async () => {
    const place = makePlace();
    const gateway = await startGateway({ yaml: yaml(place) });
    copyFileSync(join(place.cert, '..', 'second.crt'), place.cert);
    await until(() => gateway.err().includes('the last one stays'), 'the log names it');
    expect(await seenName(gateway.url)).toBe('first');
    copyFileSync(join(place.cert, '..', 'second.key'), place.key);
    await until(async () => (await seenName(gateway.url)) === 'second', 'the second certificate');
  });

  tlsTest(
    'plain HTTP: redirected, refused or allowed, as the settings say',
    async () => {
      const place = makePlace();
      const key = 'sk-gw-seen-in-clear';
      for (const mode of ['redirect', 'refuse', 'allow']) {
        const port = freePort();
        const more = `, plain: ${mode}, plain_listen: "127.0.0.1:${port}"`;
        const gateway = await startGateway({ yaml: yaml(place, more) });
        const headers = { authorization: `Bearer ${key}` };
        const at = `http://127.0.0.1:${port}/v1/models?a=1`;
        const plain = await fetch(at, { headers, redirect: 'manual' });
        const text = await plain.text();
        if (mode === 'redirect') {
          expect(plain.status).toBe(308);
          expect(plain.headers.get('location')).toBe(`${gateway.url}/v1/models?a=1`);
        } else if (mode === 'refuse') {
          expect(plain.status).toBe(426);
          expect(faultCode(text)).toBe('https_required');
          expect(text).not.toContain(key);
        } else expect([plain.status, faultCode(text)]).toEqual([401, 'invalid_api_key']);
        expect((await fetchTls(`${gateway.url}/healthz`)).status).toBe(200);
        expect(await gateway.stop()).toBe(0);
      }
    },
    30_000,
  );

  tlsTest('a port that another gateway serves by https is still taken', async () => {
    const place = makePlace();
    const gateway = await startGateway({ yaml: yaml(place) });
    const config = keepYaml(yaml(place));
    const listen = `127.0.0.1:${new URL(gateway.url).port}`;
    const flags = ['--listen', listen, '--data', join(makeFolder(), 'd'), '--config', config];
    const second = await runCli(['serve', ...flags]);
    expect(second.code).toBe(1);
    expect(second.err).toContain('in use');
  });

  tlsTest('settings that cannot work are refused by name', async () => {
    const place = makePlace();
    const other = makeCertificate(makeFolder(), 'other');
    const wrong = [
      [`tls: { cert: ${place.cert} }`, 'tls.key: is missing'],
      [`tls: { cert: ${place.cert}, key: ${other.key} }`, 'the key is not that of the certificate'],
      [`tls: { cert: /nowhere, key: ${place.key} }`, 'tls.cert: /nowhere cannot be read'],
      ['tls: { plain_listen: "127.0.0.1:0" }', 'tls.plain_listen'],
    ] as const;
    for (const [text, words] of wrong) {
      const run = await runCli(['check', '--config', keepYaml(text)]);
      expect([run.code, run.err.includes(words)]).toEqual([1, true]);
    }
  });
});
