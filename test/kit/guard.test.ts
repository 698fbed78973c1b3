/** Addresses that others chose: nothing of the inside is called, whatever it is dressed as. */
import { describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/kit/clock.ts';
import { makeOutbound, OutboundError, type OutboundRequest } from '../../src/kit/fetch.ts';
import { isPublicAddress, makeGuard } from '../../src/kit/guard.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'good.test': ['93.184.216.34'],
  'six.test': ['2606:2800:220:1:248:1893:25c8:1946'],
  'inside.test': ['10.1.2.3'],
  'half.test': ['93.184.216.34', '127.0.0.1'],
  'mapped.test': ['::ffff:169.254.169.254'],
  'empty.test': [],
};

function rig(allowed: readonly string[] = [], redirect: string | null = null) {
  const sent: OutboundRequest[] = [];
  const outbound = async (request: OutboundRequest) => {
    sent.push(request);
    const isFirst = sent.length === 1 && redirect !== null;
    return {
      status: isFirst ? 302 : 200,
      header: (name: string) => (isFirst && name === 'location' ? redirect : null),
      text: async () => '',
      read: async () => null,
      close: () => undefined,
    };
  };
  const resolve = async (name: string): Promise<readonly string[]> => {
    const found = NAMES[name];
    if (found === undefined) throw new Error('ENOTFOUND');
    return found;
  };
  return { guard: makeGuard(outbound, resolve, allowed), sent };
}

const ask = (url: string) => {
  const { signal } = new AbortController();
  return { url, method: 'POST', headers: {}, body: null, signal, connectMs: 1_000 } as const;
};

describe('what is refused, and nothing is sent', () => {
  test.each([
    ['http://127.0.0.1/', 'private_address'],
    ['http://127.1/', 'private_address'],
    ['http://2130706433/', 'private_address'],
    ['http://0x7f000001/', 'private_address'],
    ['http://0177.0.0.1/', 'private_address'],
    ['http://0/', 'private_address'],
    ['http://10.0.0.1/', 'private_address'],
    ['http://172.16.9.9:8080/x', 'private_address'],
    ['http://192.168.1.1/', 'private_address'],
    ['http://100.64.0.1/', 'private_address'],
    ['http://169.254.169.254/latest/meta-data/', 'private_address'],
    ['http://198.18.0.1/', 'private_address'],
    ['http://224.0.0.1/', 'private_address'],
    ['http://255.255.255.255/', 'private_address'],
    ['http://[::1]/', 'private_address'],
    ['http://[::]/', 'private_address'],
    ['http://[::ffff:127.0.0.1]/', 'private_address'],
    ['http://[::ffff:a9fe:a9fe]/', 'private_address'],
    ['http://[64:ff9b::7f00:1]/', 'private_address'],
    ['http://[2002:7f00:1::]/', 'private_address'],
    ['http://[2001:db8::1]/', 'private_address'],
    ['http://[fd00::1]/', 'private_address'],
    ['http://[fe80::1]/', 'private_address'],
    ['http://[ff02::1]/', 'private_address'],
    ['http://inside.test/', 'private_address'],
    ['http://half.test/', 'private_address'],
    ['http://mapped.test/', 'private_address'],
    ['http://empty.test/', 'unknown_name'],
    ['http://nowhere.test/', 'unknown_name'],
    ['http://localhost/', 'unknown_name'],
    ['http://168.63.129.16/', 'private_address'],
    ['http://192.0.0.192/', 'private_address'],
    ['http://100.100.100.200/', 'private_address'],
    ['http://[fd00:ec2::254]/', 'private_address'],
    ['http://[64:ff9b:1::a9fe:a9fe]/', 'private_address'],
    ['http://[::127.0.0.1]/', 'private_address'],
    ['http://[2001:0:7f00:1::]/', 'private_address'],
    ['http://[fec0::1]/', 'private_address'],
    ['http://0x7f.1/', 'private_address'],
    ['http://017700000001/', 'private_address'],
    ['http://0xa9.0xfe.0xa9.0xfe/', 'private_address'],
    ['http://①②⑦.0.0.1/', 'private_address'],
    ['http://127.0.0.1./', 'private_address'],
    ['http://inside.test:443/', 'private_address'],
    ['http://good.test@127.0.0.1/', 'credentials'],
    ['http://127.0.0.1:80@good.test/', 'credentials'],
    ['http://good.test:25/', 'port'],
    ['https://good.test:22/', 'port'],
    ['http://93.184.216.34:6667/', 'port'],
    ['gopher://good.test/', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['ftp://good.test/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['http://user:secret@good.test/', 'credentials'],
    ['nonsense', 'not_a_url'],
  ])('%s: %s', async (url, reason) => {
    const { guard, sent } = rig();
    await expect(guard.send(ask(url))).rejects.toMatchObject({ reason });
    await expect(guard.check(url)).rejects.toMatchObject({ reason });
    expect(sent).toEqual([]);
  });
});

describe('what is sent', () => {
  test('to the very address that was checked, under the name', async () => {
    const { guard, sent } = rig();
    await guard.send(ask('https://good.test:8443/hook?a=b'));
    expect(sent[0]).toMatchObject({
      url: 'https://93.184.216.34:8443/hook?a=b',
      headers: { host: 'good.test:8443' },
      serverName: 'good.test',
    });
    await guard.send(ask('https://six.test/'));
    expect(sent[1]?.url).toBe('https://[2606:2800:220:1:248:1893:25c8:1946]/');
  });

  test('to what the operator allows by name, with its port or without', async () => {
    const { guard, sent } = rig(['inside.test', '127.0.0.1:9000']);
    await guard.send(ask('http://inside.test:1234/'));
    await guard.send(ask('http://127.0.0.1:9000/'));
    await expect(guard.send(ask('http://127.0.0.1:9001/'))).rejects.toMatchObject({
      reason: 'private_address',
    });
    expect(sent.map(({ url }) => url)).toEqual([
      ...['http://inside.test:1234/', 'http://127.0.0.1:9000/'],
    ]);
  });

  test('to what is allowed, however the operator wrote it', async () => {
    const { guard, sent } = rig(['Inside.TEST:443', '[::1]:9000', '::1']);
    await guard.send(ask('https://inside.test/'));
    await guard.send(ask('http://[::1]:9000/'));
    await guard.send(ask('http://[::1]/'));
    expect(sent.map(({ serverName }) => serverName)).toEqual([undefined, undefined, undefined]);
    await expect(guard.check('http://inside.test/')).rejects.toMatchObject({
      reason: 'private_address',
    });
  });

  test('to the address that was looked up, though the name leads inside soon after', async () => {
    let looks = 0;
    const turning = async () => {
      looks += 1;
      return looks % 2 === 1 ? ['93.184.216.34'] : ['127.0.0.1'];
    };
    const sent: string[] = [];
    const outbound = async (request: OutboundRequest) => {
      sent.push(request.url);
      const none = { header: () => null, text: async () => '', read: async () => null };
      return { status: 200, ...none, close: () => undefined };
    };
    const guard = makeGuard(outbound, turning, []);
    await guard.check('http://turning.test/');
    await expect(guard.send(ask('http://turning.test/'))).rejects.toMatchObject({
      reason: 'private_address',
    });
    await guard.send(ask('http://turning.test/'));
    // One look for each request: there is no second answer to go by.
    expect([sent, looks]).toEqual([['http://93.184.216.34/'], 3]);
  });

  test('to the next address where no connection stands, and not where one broke', async () => {
    const tried: string[] = [];
    const failing = (kind: 'connect' | 'reset') => async (request: OutboundRequest) => {
      tried.push(new URL(request.url).hostname);
      throw new OutboundError(kind, null);
    };
    const resolve = async () => ['8.8.8.1', '8.8.8.2', '8.8.8.3', '8.8.8.4', '8.8.8.5'];
    const dead = makeGuard(failing('connect'), resolve, []).send(ask('http://many.test/'));
    await expect(dead).rejects.toMatchObject({ kind: 'connect' });
    expect(tried).toEqual(['8.8.8.1', '8.8.8.2', '8.8.8.3', '8.8.8.4']);
    tried.length = 0;
    const broken = makeGuard(failing('reset'), resolve, []).send(ask('http://many.test/'));
    await expect(broken).rejects.toMatchObject({ kind: 'reset' });
    expect(tried).toEqual(['8.8.8.1']);
  });

  test('not after a redirect that leads inside; none is followed unasked', async () => {
    const bad = rig([], 'http://169.254.169.254/');
    const wish = { ...ask('http://good.test/'), redirectsMax: 3 };
    await expect(bad.guard.send(wish)).rejects.toMatchObject({ reason: 'private_address' });
    expect(bad.sent).toHaveLength(1);
    const none = rig([], 'http://six.test/');
    expect((await none.guard.send(ask('http://good.test/'))).status).toBe(302);
    const crooked = rig([], 'http://[no');
    await expect(crooked.guard.send(wish)).rejects.toMatchObject({ reason: 'not_a_url' });
    const secret = rig([], 'http://user:pass@good.test/');
    await expect(secret.guard.send(wish)).rejects.toMatchObject({ reason: 'credentials' });
    const good = rig([], '/elsewhere');
    expect((await good.guard.send(wish)).status).toBe(200);
    expect(good.sent[1]?.url).toBe('http://93.184.216.34/elsewhere');
  });
});

test('a request to a pinned address bears the name that was asked for', async () => {
  const hosts: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      hosts.push(request.headers.get('host'));
      return new Response('ok');
    },
  });
  const { signal } = new AbortController();
  const reply = await makeOutbound(
    systemClock,
    true,
  )({
    ...{ url: server.url.href, method: 'POST', body: 'x', signal, connectMs: 1_000 },
    ...{ headers: { host: 'hooks.example.com' }, serverName: 'hooks.example.com' },
  });
  expect([await reply.text(100), hosts]).toEqual(['ok', ['hooks.example.com']]);
  await server.stop(true);
});

test('an address of the public internet is one', () => {
  for (const good of ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8']) {
    expect([good, isPublicAddress(good)]).toEqual([good, true]);
  }
});
