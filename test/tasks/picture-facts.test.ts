/** The sides of pictures, as their own first bytes say them. */
import { describe, expect, test } from 'bun:test';
import { makePicture } from '../../sandbox/tasks/pictures.ts';
import { MediaReader } from '../../src/tasks/media-facts.ts';
import { sidesOf } from '../../src/tasks/picture-facts.ts';

describe('a picture that is read as it comes', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('%s, in pieces of any size', (format) => {
    const { bytes, type } = makePicture({ seed: 3, width: 1_000, height: 700, format });
    for (const step of [1, 7, 64, bytes.length]) {
      const reader = new MediaReader();
      for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
      expect(reader.facts()).toEqual({ mime: type, durationMs: null, width: 1_000, height: 700 });
    }
  });

  test('a JPEG whose frame stands behind a preview', () => {
    const { bytes } = makePicture({ seed: 1, width: 40, height: 30, format: 'jpeg' });
    const preview = Buffer.alloc(20_002);
    preview.set([0xff, 0xe1, 20_000 >> 8, 20_000 & 255]);
    const whole = Buffer.concat([bytes.subarray(0, 2), preview, bytes.subarray(2)]);
    expect(sidesOf('image/jpeg', whole)).toEqual({ width: 40, height: 30 });
  });

  test('WebP of the other two kinds', () => {
    const lossy = Buffer.from('RIFF____WEBPVP8 ____      ', 'latin1');
    const sides = Buffer.from([0x40, 0x41, 0xc8, 0x80]);
    // The two highest bits are a scale that nobody uses.
    expect(sidesOf('image/webp', Buffer.concat([lossy, sides]))).toEqual({
      width: 320,
      height: 200,
    });
    const extended = Buffer.concat([
      Buffer.from('RIFF____WEBPVP8X____    ', 'latin1'),
      Buffer.from([0xff, 0x0f, 0x00, 0xff, 0x07, 0x00]),
    ]);
    expect(sidesOf('image/webp', extended)).toEqual({ width: 4_096, height: 2_048 });
  });

  test('what was cut off, or is nothing of the kind, has no sides', () => {
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const { bytes, type } = makePicture({ seed: 3, width: 10, height: 10, format });
      for (let cut = 0; cut < 18; cut += 1) {
        expect(sidesOf(type, Buffer.from(bytes.subarray(0, cut)))).toBeNull();
      }
    }
    expect(sidesOf('image/gif', Buffer.from('GIF89a'))).toBeNull();
    expect(sidesOf('image/webp', Buffer.from('RIFF____WEBPALPH____________', 'latin1'))).toBeNull();
  });
});
