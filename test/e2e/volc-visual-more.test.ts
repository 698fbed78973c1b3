/** Every model of the visual service, asked as it is served: at once, in one step or in two. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Service } from '@volcengine/openapi';
import { z } from 'zod';
import catalogued from '../../src/catalog/models/visual.ts';
import { sign } from '../suites/signer.ts';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const RUN_MS = 20_000;
const PICTURE = 'https://images.test/face.png';
const AT_ONCE = ['byteedit_v2.0', 'high_aes', 'high_aes_general_v20', 'high_aes_general_v21_L'];

/** What the client gives back, whose own types say less. */
const said = z.custom<Said>();

interface Said {
  readonly code: number;
  readonly message: string;
  readonly data: {
    readonly task_id?: string;
    readonly status?: string;
    readonly image_urls?: readonly string[] | null;
    readonly video_url?: string;
    readonly resp_data?: string;
  } | null;
}

let place: NativePlace;

beforeAll(async () => {
  place = await startNative({
    vendors: {
      'volc-visual': { path: '/volc-visual', key: 'AKLTsandboxVisual:sandbox-visual-secret' },
    },
  });
});
afterAll(cleanUp);

async function ask(action: string, body: object) {
  const query = new URLSearchParams({ Action: action, Version: '2022-08-31' });
  const response = await fetch(`${place.gateway.url}/volcv/v1?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${place.freeKey}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, said: (await response.json()) as Said };
}

function waysOf(key: string): readonly [submit: string, get: string | null] {
  if (AT_ONCE.includes(key) || key === 'img2img_comic_style') return ['CVProcess', null];
  const isTwo = key.includes('realman');
  return isTwo
    ? ['CVSubmitTask', 'CVGetResult']
    : ['CVSync2AsyncSubmitTask', 'CVSync2AsyncGetResult'];
}

function bodyOf(key: string): object {
  const isMade = /byteedit|seededit|i2i|i2v|img2img/.test(key);
  return {
    ...{ req_key: key, prompt: 'a face', return_url: true },
    ...(isMade ? { image_urls: [PICTURE] } : {}),
    ...(/actor|realman/.test(key) ? { image_url: PICTURE } : {}),
    ...(/actor/.test(key) ? { video_url: 'https://videos.test/dance.mp4' } : {}),
    ...(key.endsWith('picture_omni_v15') ? { audio_url: 'https://sounds.test/word.mp3' } : {}),
  };
}

const KEYS = catalogued.map(({ offers, kind }) => [offers[0]?.wireName ?? '', kind] as const);

describe('a key pair of the gateway’s', () => {
  interface Pair {
    readonly access_key_id: string;
    readonly secret_access_key: string;
  }
  const mint = async () => (await place.gateway.cli('access-keys', 'create', '--json')) as Pair;

  function api(action: string, { access_key_id: accessKeyId, secret_access_key: secretKey }: Pair) {
    const where = { host: new URL(place.gateway.url).host, protocol: 'http:' };
    const scope = { region: 'cn-north-1', serviceName: 'cv' };
    const service = new Service({ accessKeyId, secretKey, ...scope, ...where });
    const call = service.createJSONAPI(action, { Version: '2022-08-31' });
    const more = { pathname: '/volcv/v1', Version: '2022-08-31', Action: action };
    return async (body: object) => said.parse(await call(body, more));
  }

  test(
    'signs with the official client as at the vendor',
    async () => {
      const pair = await mint();
      const body = { req_key: 'jimeng_t2v_v30', prompt: 'signed', binary: 'x'.repeat(2_000_000) };
      const begun = await api('CVSync2AsyncSubmitTask', pair)(body);
      const task = { req_key: 'jimeng_t2v_v30', task_id: begun.data?.task_id };
      const done = await until(async () => {
        const said = await api('CVSync2AsyncGetResult', pair)(task);
        return said.data?.status === 'done' ? said : undefined;
      }, 'it is done');
      expect(done.data?.video_url).toStartWith(place.gateway.url);
      const [job] = await place.made();
      expect(JSON.stringify(job)).not.toContain(pair.access_key_id);
    },
    RUN_MS,
  );

  test('that is wrong, or disabled, is refused in the vendor’s envelope', async () => {
    const pair = await mint();
    const code = async (wrong: Pair) => {
      const said: unknown = await api(
        'CVGetResult',
        wrong,
      )({ req_key: 'x', task_id: 'y' }).catch((thrown: unknown) => thrown);
      return JSON.stringify(said);
    };
    expect(await code({ ...pair, secret_access_key: 'another' })).toContain(
      'SignatureDoesNotMatch',
    );
    expect(await code({ ...pair, access_key_id: 'AKLTnobody' })).toContain('InvalidAccessKey');
    await place.gateway.cli('access-keys', 'disable', pair.access_key_id);
    await until(async () => {
      return (await code(pair)).includes('InvalidAccessKey') ? true : undefined;
    }, 'the pair is out');
  });

  test('begins one job with one signature, however often it is sent', async () => {
    const { access_key_id: accessKeyId, secret_access_key: secret } = await mint();
    const url = `${place.gateway.url}/volcv/v1?Action=CVSync2AsyncSubmitTask&Version=2022-08-31`;
    const body = JSON.stringify({ req_key: 'jimeng_t2v_v30', prompt: 'sent twice' });
    const wanted = { accessKeyId, secret, url, body, atMs: Date.now() };
    const headers = sign({ ...wanted, region: 'cn-north-1', service: 'cv' });
    const send = () => fetch(url, { method: 'POST', headers, body });
    expect((await send()).status).toBe(200);
    const again = await send();
    expect(again.ok).toBeFalse();
    expect(await again.text()).toContain('InvalidTimestamp');
    const sent = (await place.made()).filter(({ prompt }) => prompt === 'sent twice');
    expect(sent).toHaveLength(1);
  });
});

describe('each model', () => {
  test.each(KEYS)(
    '%s',
    async (key, kind) => {
      const [submit, get] = waysOf(key);
      const begun = await ask(submit, bodyOf(key));
      expect([begun.status, begun.said.message]).toEqual([200, 'Success']);
      const result =
        get === null
          ? begun.said
          : await until(async () => {
              const wish = { req_json: JSON.stringify({ return_url: true }) };
              const task = { req_key: key, task_id: begun.said.data?.task_id, ...wish };
              const { said } = await ask(get, task);
              return said.data?.status === 'done' ? said : undefined;
            }, `${key} is done`);
      const { image_urls: images, video_url: video, resp_data: words } = result.data ?? {};
      const made = { image: images?.[0], video, other: words, chat: '' }[kind as 'image'];
      expect(made).toStartWith(kind === 'other' ? '{"status":1' : place.gateway.url);
    },
    RUN_MS,
  );
});
