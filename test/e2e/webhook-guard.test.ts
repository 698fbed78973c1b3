/** No address of the inside is called for a caller, by whichever door it is named. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

const fault = z.looseObject({ code: z.string().optional() });

const INSIDE = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0/',
  'http://10.1.2.3:8080/x',
  'http://172.31.255.255/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://100.100.100.200/',
  'http://168.63.129.16/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::10.0.0.1]/',
  'http://[2002:7f00:1::]/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://localhost/',
  'http://LOCALHOST:9/',
  'http://user:secret@example.com/',
  'http://example.com@127.0.0.1/',
  'https://93.184.216.34:25/',
];

/** The paths by which a vendor's client names who is to be told. */
const DOORS: readonly (readonly [path: string, field: string, body: object, bearer?: string])[] = [
  [
    '/api/v3/contents/generations/tasks',
    'callback_url',
    {
      model: 'doubao-seedance-1-0-pro-250528',
      content: [{ type: 'text', text: 'a boat --resolution 480p --duration 5' }],
    },
  ],
  [
    '/luma/dream-machine/v1/generations/video',
    'callback_url',
    {
      ...{ model: 'ray-2', prompt: 'a boat', resolution: '540p', duration: '5s' },
    },
  ],
  [
    '/kling/v1/videos/text2video',
    'callback_url',
    {
      ...{ model_name: 'kling-v1-6', prompt: 'a boat', duration: '5', mode: 'std' },
    },
  ],
  ['/mj/submit/imagine', 'notifyHook', { prompt: 'a boat' }],
  [
    '/replicate/v1/models/black-forest-labs/flux-schnell/predictions',
    'webhook',
    {
      input: { prompt: 'a boat' },
    },
  ],
  ['/bfl/v1/flux-pro-1.1', 'webhook_url', { prompt: 'a boat' }],
];

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { GANGWAY_LIMITS_REQUESTS_PER_MINUTE: '0' } });
});
afterAll(cleanUp);

async function post(path: string, body: object) {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function made(): Promise<readonly unknown[]> {
  const response = await fetch(`${await gateway.sandboxUrl()}/sandbox/jobs`);
  return z.object({ jobs: z.array(z.unknown()) }).parse(await response.json()).jobs;
}

describe('an address of the inside', () => {
  test('is no webhook, of an account or of a task', async () => {
    for (const url of INSIDE) {
      const hook = await post('/v1/webhooks', { url });
      expect([url, hook.status, fault.parse(JSON.parse(hook.text)).code]).toEqual([
        ...[url, 400, 'webhook_refused'],
      ]);
      const wish = { model: 'ray-2', input: { prompt: 'x' }, webhook: { url } };
      const task = await post('/v1/tasks', wish);
      expect([url, task.status, fault.parse(JSON.parse(task.text)).code]).toEqual([
        ...[url, 400, 'webhook_refused'],
      ]);
    }
    expect(await made()).toEqual([]);
  });

  test.each(DOORS)('is refused at %s in %s, and no vendor hears of the job', async (...door) => {
    const [path, field, body] = door;
    const before = (await made()).length;
    for (const url of ['http://127.0.0.1:1/', 'http://169.254.169.254/', 'http://localhost/']) {
      const { text } = await post(path, { ...body, [field]: url });
      expect([url, text]).toEqual([url, expect.stringContaining('may not be called')]);
    }
    expect(await made()).toHaveLength(before);
    // The same without it is a job, so it was this that was refused.
    expect((await post(path, body)).status).toBeLessThan(300);
    expect(await made()).toHaveLength(before + 1);
  });
});
