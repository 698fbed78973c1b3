/** Apps end to end: the command line, the token, the client on npm openai and on Node. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AuthOptions, gangwayAuth, readEvents } from 'gangway/client';
import OpenAI from 'openai';
import { z } from 'zod';
import { needs } from '../needs.ts';
import { settledCalls } from './books.ts';
import { cleanUp, type Gateway, launch, ROOT, startGateway, until } from './gateway.ts';

const MODEL = 'doubao-seed-2-1-pro-260915';
const ASK = { model: MODEL, messages: [{ role: 'user' as const, content: 'Say good morning' }] };
const minted = z.strictObject({ id: z.string(), api_key: z.string(), api_secret: z.string() });
const NEW_APP = ['--name', 'n', '--callback-domain', 'app.example.com', '--scenario', 's'];

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: 'retry: { count: 0 }' });
});
afterAll(cleanUp);

async function createApp(on: Gateway, ...more: string[]) {
  const made = minted.parse(await on.cli('apps', 'create', ...NEW_APP, ...more));
  return { id: made.id, apiKey: made.api_key, apiSecret: made.api_secret };
}

type App = Awaited<ReturnType<typeof createApp>>;

const authOf = (on: Gateway, app: App, more: Partial<AuthOptions> = {}) =>
  gangwayAuth({ baseUrl: on.url, apiKey: app.apiKey, apiSecret: app.apiSecret, ...more });

const clientOf = (on: Gateway, app: App, more: Partial<AuthOptions> = {}) =>
  new OpenAI({ baseURL: `${on.url}/v1`, apiKey: 'unused', fetch: authOf(on, app, more).fetch });

/** What it throws; expect().rejects does not wait for promises of the SDK's own kind. */
const caught = async (run: () => PromiseLike<unknown>): Promise<unknown> => {
  try {
    return { answered: await run() };
  } catch (error) {
    return error;
  }
};

describe('npm openai with the client', () => {
  test('answers whole and streamed, and the books name the app', async () => {
    const app = await createApp(gateway);
    const client = clientOf(gateway, app);
    const answer = await client.chat.completions.create({ ...ASK, stream: false });
    expect(answer.choices[0]?.message.content).toBe('good morning');
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...ASK, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('good morning');
    const calls = await settledCalls(gateway);
    expect(calls.filter(({ keyId }) => keyId === app.id).length).toBe(2);
    expect(await gateway.cli('audit')).toMatchObject({ balanced: true });
  });

  test('raises what the strict contract refuses; an app without it is free', async () => {
    const strict = clientOf(gateway, await createApp(gateway));
    const more = { ...ASK, stream: false, temperature: 1 } as const;
    const refused = await caught(() => strict.chat.completions.create(more));
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    const free = clientOf(gateway, await createApp(gateway, '--contract', 'none'));
    const answer = await free.chat.completions.create(more);
    expect(answer.choices[0]?.message.content).toBe('good morning');
  });

  test('a token that ended is replaced in mid-flight, without the caller’s notice', async () => {
    const app = await createApp(gateway);
    let spoiled = 0;
    const client = clientOf(gateway, app, {
      fetch: async (input, init) => {
        const headers = new Headers(init?.headers);
        const token = headers.get('authorization') ?? '';
        if (token.startsWith('Bearer at-gw-') && spoiled === 0) {
          spoiled += 1;
          headers.set('authorization', `${token}x`);
        }
        return fetch(input, { ...init, headers });
      },
    });
    const answer = await client.chat.completions.create({ ...ASK, stream: false });
    expect([spoiled, answer.choices.length]).toEqual([1, 1]);
  });

  test('a revoked app is an AuthenticationError within a second, and asks no more', async () => {
    const app = await createApp(gateway);
    let asked = 0;
    const client = clientOf(gateway, app, {
      fetch: (input, init) => {
        asked += 1;
        return fetch(input, init);
      },
    });
    await client.chat.completions.create({ ...ASK, stream: false });
    await gateway.cli('apps', 'revoke', app.id);
    await Bun.sleep(1_000);
    asked = 0;
    const thrown = await caught(() => client.chat.completions.create({ ...ASK, stream: false }));
    expect(thrown).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(thrown).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(asked).toBe(2);
  });

  test('a vendor’s 5xx is asked three times in all', async () => {
    const app = await createApp(gateway);
    let asked = 0;
    const client = clientOf(gateway, app, {
      retryDelayMs: 1,
      fetch: (input, init) => {
        if (String(input).endsWith('/chat/completions')) asked += 1;
        return fetch(input, init);
      },
    });
    const wish = { ...ASK, model: 'sandbox-empty-choices', stream: false } as const;
    const failed = await caught(() => client.chat.completions.create(wish));
    expect(failed).toMatchObject({ status: 502, code: 'vendor_empty' });
    expect(asked).toBe(3);
  }, 30_000);

  test('a stream that breaks off is thrown by readEvents', async () => {
    const auth = authOf(gateway, await createApp(gateway));
    const response = await auth.fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...ASK, model: 'sandbox-cut-middle', stream: true }),
    });
    const read = async () => {
      for await (const event of readEvents(response)) expect(event.choices).toBeArray();
    };
    await expect(read()).rejects.toMatchObject({ code: 'vendor_cut' });
  });
});

test('a token survives a restart of the gateway, by its file or by the master key', async () => {
  const master = { GANGWAY_MASTER_KEY: '7'.repeat(64) };
  for (const env of [{}, master] as Record<string, string>[]) {
    const first = await startGateway({ env });
    const token = await authOf(first, await createApp(first)).token();
    if (!('GANGWAY_MASTER_KEY' in env)) {
      expect(statSync(join(first.data, 'master.key')).mode & 0o777).toBe(0o600);
    }
    await first.kill();
    const second = await startGateway({ data: first.data, env });
    const status = async (credential: string) => {
      const headers = { authorization: `Bearer ${credential}` };
      return (await fetch(`${second.url}/v1/models`, { headers })).status;
    };
    expect([await status(token), await status(`${token}x`)]).toEqual([200, 401]);
    await second.kill();
  }
}, 30_000);

test('neither secret nor token is in the database or the log', async () => {
  const app = await createApp(gateway);
  const token = await authOf(gateway, app).token();
  for (const name of ['gangway.sqlite', 'gangway.sqlite-wal']) {
    const kept = readFileSync(join(gateway.data, name)).toString('latin1');
    for (const secret of [app.apiKey, app.apiSecret, token]) expect(kept).not.toContain(secret);
  }
  for (const secret of [app.apiKey, app.apiSecret, token]) {
    expect(gateway.err() + gateway.out()).not.toContain(secret);
  }
});

describe('the examples of docs/client.md, on Node', () => {
  const text = readFileSync(join(ROOT, 'docs', 'client.md'), 'utf8');
  const examples = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
  const runNode = (code: string, env: Record<string, string>) =>
    launch(['node', '--input-type=module', '--eval', code], { env });

  test('are three', () => expect(examples.length).toBe(3));

  needs('node')('chat, with npm openai and with fetch', async () => {
    const app = await createApp(gateway);
    const env = { GATEWAY_URL: gateway.url, APP_KEY: app.apiKey, APP_SECRET: app.apiSecret };
    for (const code of examples.slice(0, 2)) {
      const { child, out, err } = runNode(code, env);
      expect([await child.exited, err()]).toEqual([0, '']);
      expect(out()).toContain('good morning');
    }
  });

  needs('node')('webhooks', async () => {
    const port = 20_000 + (process.pid % 20_000);
    const key = Buffer.from('a secret of the endpoint');
    const env = {
      WEBHOOK_SECRET: `whsec_${key.toString('base64')}`,
      WEBHOOK_PORT: String(port),
    };
    const { out } = runNode(examples[2] ?? '', env);
    const body = JSON.stringify({ type: 'task.succeeded' });
    const stamp = String(Math.floor(Date.now() / 1_000));
    const mac = createHmac('sha256', key).update(`msg_1.${stamp}.${body}`).digest('base64');
    const send = (signature: string) =>
      fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        body,
        headers: {
          'webhook-id': 'msg_1',
          'webhook-timestamp': stamp,
          'webhook-signature': signature,
        },
      }).then(
        ({ status }) => status,
        () => undefined,
      );
    expect(await until(() => send(`v1,${mac}`), 'the example answers')).toBe(204);
    expect(await send('v1,AAAA')).toBe(400);
    expect(out()).toBe('msg_1 task.succeeded\n');
  });
});
