/** npm `@runwayml/sdk`: pictures, sounds and what makes others better. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import RunwayML from '@runwayml/sdk';
import { ledgerCalls, nanos } from './books.ts';
import { cleanUp } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const RUN_MS = 30_000;

let place: NativePlace;
let client: RunwayML;
let free: RunwayML;

beforeAll(async () => {
  place = await startNative({
    vendors: { runway: { path: '/runwayml', key: 'sandbox-runway-key' } },
  });
  const of = (apiKey: string) =>
    new RunwayML({ apiKey, baseURL: `${place.gateway.url}/runway`, maxRetries: 0 });
  [client, free] = [of(place.key), of(place.freeKey)];
});

afterAll(cleanUp);

/** The client's own promises are none that `rejects` knows. */
const plain = async (work: PromiseLike<unknown>): Promise<unknown> => await work;

const typeOf = async (url: string | undefined) =>
  (await fetch(url ?? '')).headers.get('content-type');

test(
  'pictures are charged by the credits that they cost, and shown from here',
  async () => {
    const begun = client.textToImage.create({
      ...{ model: 'gen4_image', promptText: 'a boat', ratio: '1280:720' },
      referenceImages: [{ uri: 'https://images.test/a.png', tag: 'boat' }],
    });
    expect((await begun).estimatedCost).toEqual({ credits: 5 });
    const done = await begun.waitForTaskOutput();
    expect(done.output[0]).toStartWith(place.gateway.url);
    expect(await typeOf(done.output[0])).toBe('image/png');
    const call = (await ledgerCalls(place.gateway)).find(({ model }) => /gen4-image/.test(model));
    // Five credits are $0.05, and 7.1 yuan the dollar.
    expect(nanos(call?.charge ?? '0')).toBe(nanos('0.355'));
  },
  RUN_MS,
);

test(
  'sounds, voices and better pictures come by their own paths',
  async () => {
    const audioUri = 'https://sounds.test/a.mp3';
    const voice = { type: 'runway-preset', presetId: 'Maya' } as const;
    const sounds = [
      free.soundEffect.create({ model: 'eleven_text_to_sound_v2', promptText: 'waves' }),
      free.textToSpeech.create({ model: 'eleven_v3', promptText: 'ahoy', voice }),
      free.speechToSpeech.create({
        ...{ model: 'eleven_multilingual_sts_v2', voice },
        media: { type: 'audio', uri: audioUri },
      }),
      free.voiceDubbing.create({ model: 'eleven_voice_dubbing', audioUri, targetLang: 'zh' }),
      free.voiceIsolation.create({ model: 'eleven_voice_isolation', audioUri }),
    ];
    const videoUri = 'https://videos.test/a.mp4';
    const others = [
      free.videoUpscale.create({ model: 'magnific_video_upscaler_creative', videoUri }),
      free.videoToHdr.create({ model: 'ruby', videoUri }),
      free.imageUpscale.create({
        ...{ model: 'magnific_precision_upscaler_v2' },
        imageUri: 'https://images.test/a.png',
      }),
    ];
    const types = async (
      works: readonly { waitForTaskOutput(): Promise<{ output: string[] }> }[],
    ) => Promise.all(works.map(async (work) => typeOf((await work.waitForTaskOutput()).output[0])));
    expect(await types(sounds)).toEqual(Array(5).fill('audio/wav'));
    expect(await types(others)).toEqual(['video/mp4', 'video/mp4', 'image/png']);
  },
  RUN_MS,
);

test('what has no price is not for accounts with a balance; what is wrong for none', async () => {
  const poor = client.soundEffect.create({ model: 'seed_audio', promptText: 'waves' });
  await expect(plain(poor)).rejects.toMatchObject({ error: { error: expect.any(String) } });
  const wrong = free.textToSpeech.create(JSON.parse('{"model":"eleven_v3","promptText":"x"}'));
  await expect(plain(wrong)).rejects.toMatchObject({
    ...{ status: 400, error: { error: 'Validation of body failed: voice' } },
  });
  const nameless = free.soundEffect.create(JSON.parse('{"promptText":"x"}'));
  await expect(plain(nameless)).rejects.toMatchObject({
    ...{ status: 400, error: { error: 'Validation of body failed: model is required.' } },
  });
});

test(
  'our own API makes them too',
  async () => {
    const ask = (body: object) =>
      fetch(`${place.gateway.url}/v1/tasks`, {
        ...{ method: 'POST', body: JSON.stringify(body) },
        headers: { authorization: `Bearer ${place.freeKey}` },
      });
    const made = await ask({
      ...{ model: 'runway-eleven-text-to-sound-v2', kind: 'sound_effect' },
      ...{ input: { prompt: 'thunder' }, params: { duration: 3, loop: true } },
    });
    expect([made.status, await made.clone().text()]).toEqual([202, expect.any(String)]);
    const upscaled = await ask({
      ...{ model: 'runway-magnific-precision-upscaler-v2', kind: 'image_upscale' },
      input: { media: [{ type: 'image', role: 'base', url: 'https://images.test/a.png' }] },
      provider_options: { scaleFactor: 2 },
    });
    expect(upscaled.status).toBe(202);
    const [second, first] = await place.made();
    expect(first?.request).toMatchObject({ promptText: 'thunder', duration: 3, loop: true });
    expect(second?.request).toMatchObject({
      imageUri: 'https://images.test/a.png',
      scaleFactor: 2,
    });
    const wrong = await ask({
      ...{ model: 'runway-eleven-voice-isolation', kind: 'voice_isolation' },
      input: { prompt: 'no sound' },
    });
    expect(wrong.status).toBe(400);
  },
  RUN_MS,
);
