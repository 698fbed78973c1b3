/** An MP4 file around H.264 pictures (ISO/IEC 14496-12 and -15), its index before its data. */
import { type Picture, parameterSets, samePicture, wholePicture } from './h264.ts';

const FPS = 24;
const TIMESCALE = 24_000;
const TICKS = TIMESCALE / FPS;
const PICTURE: Picture = { columns: 8, rows: 5 };
const MACROBLOCK = 16;
const UNITY = [0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000];

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function u32(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return bytes;
}

function u16(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
}

function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const body = join(parts);
  return join([u32(body.length + 8), Buffer.from(type, 'latin1'), body]);
}

function full(type: string, flags: number, ...parts: Uint8Array[]): Uint8Array {
  return box(type, u32(flags), ...parts);
}

/** `seed` gives each video a pattern of its own. */
export function makeMp4(seconds: number, seed: number): Uint8Array {
  const frames = Math.max(1, Math.round(seconds * FPS));
  const samples = Array.from({ length: frames }, (_, index) => {
    const since = index % FPS;
    const second = Math.floor(index / FPS);
    const tone = (column: number, row: number): number =>
      32 + ((seed + second * 29 + column * 17 + row * 23) % 190);
    const unit = since === 0 ? wholePicture(PICTURE, second, tone) : samePicture(PICTURE, since);
    return join([u32(unit.length), unit]);
  });
  const data = box('mdat', ...samples);
  const kind = box('ftyp', Buffer.from('isom'), u32(512), Buffer.from('isomiso2avc1mp41'));
  // The index says where the data begins, which its own length decides: it is written twice.
  const index = moov(samples, 0);
  const start = kind.length + index.length + 8;
  return join([kind, moov(samples, start), data]);
}

function moov(samples: readonly Uint8Array[], dataStart: number): Uint8Array {
  const length = samples.length * TICKS;
  const [width, height] = [PICTURE.columns * MACROBLOCK, PICTURE.rows * MACROBLOCK];
  const mvhd = full(
    'mvhd',
    0,
    u32(0, 0, TIMESCALE, length, 0x00010000),
    u16(0x0100, 0),
    u32(0, 0, ...UNITY, 0, 0, 0, 0, 0, 0, 2),
  );
  const tkhd = full(
    'tkhd',
    3,
    u32(0, 0, 1, 0, length, 0, 0),
    u16(0, 0, 0, 0),
    u32(...UNITY, width << 16, height << 16),
  );
  const mdhd = full('mdhd', 0, u32(0, 0, TIMESCALE, length), u16(0x55c4, 0));
  const hdlr = full('hdlr', 0, u32(0), Buffer.from('vide'), u32(0, 0, 0), Buffer.from('video\0'));
  const dref = full('dref', 0, u32(1), full('url ', 1));
  const minf = box(
    'minf',
    full('vmhd', 1, u16(0, 0, 0, 0)),
    box('dinf', dref),
    stbl(samples, { dataStart, width, height }),
  );
  return box('moov', mvhd, box('trak', tkhd, box('mdia', mdhd, hdlr, minf)));
}

interface Place {
  readonly dataStart: number;
  readonly width: number;
  readonly height: number;
}

function stbl(samples: readonly Uint8Array[], place: Place): Uint8Array {
  const { sps, pps } = parameterSets(PICTURE);
  const avcC = box(
    'avcC',
    Uint8Array.from([1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe1]),
    u16(sps.length),
    sps,
    Uint8Array.from([1]),
    u16(pps.length),
    pps,
  );
  const avc1 = box(
    'avc1',
    u16(0, 0, 0, 1),
    u32(0, 0, 0, 0),
    u16(place.width, place.height),
    u32(0x00480000, 0x00480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(24, 0xffff),
    avcC,
  );
  const whole = samples.flatMap((_, index) => (index % FPS === 0 ? [index + 1] : []));
  return box(
    'stbl',
    full('stsd', 0, u32(1), avc1),
    full('stts', 0, u32(1, samples.length, TICKS)),
    full('stss', 0, u32(whole.length, ...whole)),
    full('stsc', 0, u32(1, 1, samples.length, 1)),
    full('stsz', 0, u32(0, samples.length, ...samples.map((sample) => sample.length))),
    full('stco', 0, u32(1, place.dataStart)),
  );
}
