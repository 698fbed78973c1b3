/** Programs written for Kling: they sign their own tokens, name their jobs, and choose faces. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { ledgerCalls, nanos } from './books.ts';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const RUN_MS = 20_000;
const TEXT = '/v1/videos/text2video';
const CLIP = 'https://videos.test/talk.mp4';

interface Body {
  readonly code: number;
  readonly message: string;
  readonly request_id: string;
  readonly data: {
    readonly task_id: string;
    readonly task_status: string;
    readonly task_info: { readonly external_task_id?: string };
    readonly session_id: string;
    readonly face_data: readonly { readonly face_id: string; readonly face_image: string }[];
    readonly task_result?: { readonly videos: readonly { readonly url: string }[] };
  };
}

let place: NativePlace;
let pair: { access_key_id: string; secret_access_key: string };

beforeAll(async () => {
  place = await startNative({
    vendors: {
      kling: { path: '/klingai', key: 'sandbox-kling-access:sandbox-kling-secret' },
    },
  });
  const made = await place.gateway.cli('access-keys', 'create', '--account', 'payer', '--json');
  pair = made as typeof pair;
});

afterAll(cleanUp);

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowS = (): number => Math.floor(Date.now() / 1_000);

/** As the vendor's document shows it: HS256 over iss, exp and nbf. */
function token(claims: object = {}, secret = pair.secret_access_key): string {
  const said = { iss: pair.access_key_id, exp: nowS() + 1_800, nbf: nowS() - 5, ...claims };
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(said)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

async function ask(path: string, body?: object, auth: string | null = token()) {
  const response = await fetch(`${place.gateway.url}/kling${path}`, {
    headers: auth === null ? {} : { authorization: `Bearer ${auth}` },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

async function ended(path: string, id: string): Promise<Body['data']> {
  return until(async () => {
    const { data } = (await ask(`${path}/${id}`)).body;
    return ['succeed', 'failed'].includes(data.task_status) ? data : undefined;
  }, `${path}/${id} has ended`);
}

describe('a token that the caller signs', () => {
  test(
    'opens everything that a key opens, and its account pays',
    async () => {
      const made = await ask(TEXT, { prompt: 'signed', model_name: 'kling-v2-6' });
      expect([made.status, made.body.code, made.body.message]).toEqual([200, 0, 'SUCCEED']);
      const data = await ended(TEXT, made.body.data.task_id);
      expect(data.task_status).toBe('succeed');
      const call = (await ledgerCalls(place.gateway)).find(({ model }) => model === 'kling-v2-6');
      expect(call).toMatchObject({ state: 'charged', keyId: pair.access_key_id });
      // The vendor saw a token of ours, for it knows no other, and nothing of the caller's.
      const [job] = await place.made();
      expect(JSON.stringify(job)).not.toContain(pair.access_key_id);
      // A plain key of the same account reads it as well; another account does not.
      expect((await ask(`${TEXT}/${data.task_id}`, undefined, place.key)).status).toBe(200);
      const other = await ask(`${TEXT}/${data.task_id}`, undefined, place.freeKey);
      expect([other.status, other.body.code]).toEqual([404, 1203]);
    },
    RUN_MS,
  );

  test('is refused with the vendor’s numbers', async () => {
    const cases: readonly (readonly [string | null, number])[] = [
      [null, 1001],
      ['nobody', 1002],
      [token({}, 'another secret'), 1000],
      [token({ iss: 'AKLTnobody' }), 1000],
      [token({ exp: undefined }), 1000],
      [token({ exp: nowS() + 200_000 }), 1000],
      [token({ nbf: nowS() + 300 }), 1003],
      [token({ exp: nowS() - 300 }), 1004],
    ];
    for (const [auth, code] of cases) {
      const told = await ask(TEXT, undefined, auth);
      expect([auth, told.status, told.body.code]).toEqual([auth, 401, code]);
      expect(told.body.request_id).not.toBe('');
      expect(told.body.message).not.toBe('');
    }
    // Clocks may differ by a little.
    for (const claims of [{ nbf: nowS() + 30 }, { exp: nowS() - 30 }]) {
      expect((await ask(TEXT, undefined, token(claims))).status).toBe(200);
    }
  });

  test('is out when its pair is', async () => {
    const made = await place.gateway.cli('access-keys', 'create', '--account', 'payer', '--json');
    const other = made as typeof pair;
    const old = token({ iss: other.access_key_id }, other.secret_access_key);
    expect((await ask(TEXT, undefined, old)).status).toBe(200);
    await place.gateway.cli('access-keys', 'disable', other.access_key_id);
    await until(async () => {
      const told = await ask(TEXT, undefined, old);
      return told.status === 401 && told.body.code === 1000 ? told : undefined;
    }, 'the pair is out');
  });
});

describe('a job', () => {
  test(
    'is read by the name that its caller gave it, which stands for one job',
    async () => {
      const body = { prompt: 'named', external_task_id: 'order/17' };
      const made = await ask(TEXT, body);
      const path = `${TEXT}/${encodeURIComponent('order/17')}`;
      const seen = await ask(path);
      expect(seen.body.data).toMatchObject({
        task_id: made.body.data.task_id,
        task_info: { external_task_id: 'order/17' },
      });
      const again = await ask(TEXT, body);
      expect([again.status, again.body.code]).toEqual([400, 1201]);
      expect(again.body.message).toContain('order/17');
      const sent = (await place.made()).filter(({ prompt }) => prompt === 'named');
      expect(sent).toHaveLength(1);
      // It is its account's: another one may use the same.
      expect((await ask(path, undefined, place.freeKey)).status).toBe(404);
      expect((await ask(TEXT, body, place.freeKey)).status).toBe(200);
    },
    RUN_MS,
  );
});

describe('faces', () => {
  test(
    'are found at once, and one of them speaks',
    async () => {
      const found = await ask('/v1/videos/identify-face', { video_url: CLIP });
      expect([found.status, found.body.code]).toEqual([200, 0]);
      const { session_id: session, face_data: faces } = found.body.data;
      const face = faces[0];
      expect(face?.face_image).toStartWith(`${place.gateway.url}/results/`);
      expect((await fetch(face?.face_image ?? '')).headers.get('content-type')).toBe('image/png');
      const [kept] = await place.made();
      expect(kept?.id).not.toBe(session);
      const path = '/v1/videos/advanced-lip-sync';
      const choice = {
        ...{ face_id: face?.face_id, sound_file: 'https://sounds.test/word.mp3' },
        ...{ sound_start_time: 0, sound_end_time: 3_000, sound_insert_time: 1_000 },
      };
      const made = await ask(path, { session_id: session, face_choose: [choice] });
      expect([made.status, made.body.message]).toEqual([200, 'SUCCEED']);
      const data = await ended(path, made.body.data.task_id);
      expect(data.task_result?.videos[0]?.url).toStartWith(place.gateway.url);
      const [job] = await place.made();
      expect(job?.request.session_id).toBe(kept?.id ?? '');
      const calls = await ledgerCalls(place.gateway);
      const charge = calls.find(({ model }) => model === 'kling-identify-face')?.charge;
      // 0.05 units of $0.14, and 7.1 yuan the dollar.
      expect(nanos(charge ?? '0')).toBe(nanos('0.0497'));
    },
    RUN_MS,
  );

  test(
    'of a video that was made here are found by its id',
    async () => {
      const made = await ask(TEXT, { prompt: 'a face' });
      await ended(TEXT, made.body.data.task_id);
      const found = await ask('/v1/videos/identify-face', { video_id: made.body.data.task_id });
      expect(found.body.data.face_data).toHaveLength(1);
    },
    RUN_MS,
  );

  test('that are not there, and sessions of others, are told of', async () => {
    const told = [
      await ask('/v1/videos/identify-face', { video_url: 'https://videos.test/nobody.mp4' }),
      await ask('/v1/videos/identify-face', {}),
      await ask('/v1/videos/advanced-lip-sync', { face_choose: [] }),
      await ask('/v1/videos/advanced-lip-sync', { session_id: 'somebody’s', face_choose: [{}] }),
    ];
    expect(told.map(({ status, body }) => [status, body.code])).toEqual([
      [400, 1201],
      [400, 1201],
      [400, 1201],
      [404, 1203],
    ]);
    expect(told[0]?.body.message).toBe('there is no human in the video');
  });
});
