/** Every model of the visual service, asked as it is served: at once, in one step or in two. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import catalogued from '../../src/catalog/models/visual.ts';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const RUN_MS = 20_000;
const PICTURE = 'https://images.test/face.png';
const AT_ONCE = ['byteedit_v2.0', 'high_aes', 'high_aes_general_v20', 'high_aes_general_v21_L'];

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
