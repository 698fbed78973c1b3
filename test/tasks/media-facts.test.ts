/** What files say of themselves; nothing that they say may harm or be taken for money. */
import { describe, expect, test } from 'bun:test';
import { makePng, makeWav } from '../../sandbox/tasks/files.ts';
import { makeMp4 } from '../../sandbox/tasks/mp4.ts';
import { MediaReader } from '../../src/tasks/media-facts.ts';

function read(bytes: Uint8Array, said: string | null = null, piece = bytes.length) {
  const reader = new MediaReader();
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  return reader.facts(said);
}

const latin = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

describe('a film', () => {
  const film = makeMp4(2, 1);

  test('says its length and size, however it is cut', () => {
    const facts = { mime: 'video/mp4', durationMs: 2_000, width: 128, height: 80 };
    for (const piece of [film.length, 1, 7, 64, 1_000]) {
      expect(read(film, null, piece)).toEqual(facts);
    }
  });

  test('that does not know its length has none, rather than nought or an age', () => {
    const at = Buffer.from(film).indexOf('mvhd', 0, 'latin1') + 20;
    for (const length of [0, 0xffffffff]) {
      const open = Buffer.from(film);
      open.writeUInt32BE(length, at);
      expect(read(open).durationMs).toBeNull();
    }
  });

  test('that is cut or crooked at any place says less and breaks nothing', () => {
    const end = Buffer.from(film).indexOf('mdat', 0, 'latin1');
    for (let cut = 0; cut < end; cut += 1) read(film.subarray(0, cut));
    for (let at = 0; at < end; at += 1) {
      const crooked = Buffer.from(film);
      crooked[at] = 0xff;
      crooked[at + 1] = 1;
      read(crooked);
    }
    const index = Buffer.alloc(44);
    index.writeUInt32BE(44, 0);
    index.write('moov', 4, 'latin1');
    index.write('mvhd\x01', 8, 'latin1');
    expect(read(Buffer.concat([film.subarray(0, 32), index])).durationMs).toBeNull();
  });
});

describe('a sound', () => {
  const wav = makeWav(1.5, 1);

  test('is as long as its data, wherever they begin', () => {
    expect(read(wav)).toMatchObject({ mime: 'audio/wav', durationMs: 1_500 });
    const list = latin(`LIST\x04\0\0\0abcd`);
    const more = Buffer.concat([wav.subarray(0, 36), list, wav.subarray(36)]);
    expect(read(more).durationMs).toBe(1_500);
  });

  test('that was written as it was made is as long as what there is', () => {
    const open = Buffer.from(wav);
    open.writeUInt32LE(0xffffffff, 40);
    expect(read(open).durationMs).toBe(1_500);
  });

  test('has many first bytes; in a box of films only its server knows it', () => {
    for (const start of ['ID3', '\xff\xfb\x90', '\xff\xf3\x18', '\xff\xfa', '\xff\xf2']) {
      expect(read(latin(`${start}\0\0\0`)).mime).toBe('audio/mpeg');
    }
    expect(read(latin('\xff\xf1\x50')).mime).toBe('audio/aac');
    expect(read(makeMp4(1, 1), 'audio/mp4').mime).toBe('audio/mp4');
  });
});

describe('a kind', () => {
  test('is what the bytes are, before what they are called', () => {
    expect(read(makePng(1), 'video/mp4')).toMatchObject({ mime: 'image/png', width: 64 });
    const odd = latin('\x00\x01\x02\x03'.repeat(99));
    expect(read(odd, 'video/mp2t').mime).toBe('video/mp2t');
    expect(read(odd).mime).toBeNull();
    for (const text of ['<html>', '{"error":"no"}', '', 'héllo 猫']) {
      expect(read(new TextEncoder().encode(text), 'video/mp4').mime).toBeNull();
    }
  });
});
