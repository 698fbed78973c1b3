/**
 * Video that any player opens, without an encoder: one picture a second in plain samples (I_PCM),
 * and pictures between that say "as before". H.264 baseline (ITU-T H.264, 7.3).
 */

const MACROBLOCK = 16;
const NAL = { sps: 0x67, pps: 0x68, idr: 0x65, inter: 0x41 } as const;
const FRAME_NUM_BITS = 4;

class Bits {
  readonly #bytes: number[] = [];
  #bit = 0;

  u(value: number, bits: number): this {
    for (let at = bits - 1; at >= 0; at -= 1) {
      if (this.#bit === 0) this.#bytes.push(0);
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (((value >> at) & 1) << (7 - this.#bit));
      this.#bit = (this.#bit + 1) % 8;
    }
    return this;
  }

  /** Exp-Golomb. */
  ue(value: number): this {
    const bits = 32 - Math.clz32(value + 1);
    return this.u(0, bits - 1).u(value + 1, bits);
  }

  align(): this {
    return this.#bit === 0 ? this : this.u(0, 8 - this.#bit);
  }

  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  end(): Uint8Array {
    return Uint8Array.from(this.u(1, 1).align().#bytes);
  }
}

/** Three bytes that look like a start code get a 3 between them. */
function nal(kind: number, payload: Uint8Array): Uint8Array {
  const out = [kind];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
}

export interface Picture {
  /** In macroblocks of 16. */
  readonly columns: number;
  readonly rows: number;
}

export function parameterSets({ columns, rows }: Picture) {
  const sps = new Bits()
    .raw(Uint8Array.from([66, 0xc0, 30]))
    .ue(0)
    .ue(FRAME_NUM_BITS - 4)
    .ue(2)
    .ue(1)
    .u(0, 1)
    .ue(columns - 1)
    .ue(rows - 1)
    .u(1, 1)
    .u(1, 1)
    .u(0, 2)
    .end();
  const pps = new Bits().ue(0).ue(0).u(0, 2).ue(0).ue(0).ue(0).u(0, 3).ue(0).ue(0).ue(0).u(0, 3);
  return { sps: nal(NAL.sps, sps), pps: nal(NAL.pps, pps.end()) };
}

/** A whole picture; `tone` gives each macroblock its brightness, 16 to 235. */
export function wholePicture(
  { columns, rows }: Picture,
  id: number,
  tone: (column: number, row: number) => number,
): Uint8Array {
  const bits = new Bits()
    .ue(0)
    .ue(7)
    .ue(0)
    .u(0, FRAME_NUM_BITS)
    .ue(id % 2)
    .u(0, 2)
    .ue(0);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const luma = new Uint8Array(MACROBLOCK * MACROBLOCK).fill(tone(column, row));
      const blue = new Uint8Array(64).fill(90 + ((column * 40) % 120));
      const red = new Uint8Array(64).fill(90 + ((row * 40) % 120));
      bits.ue(25).align().raw(luma).raw(blue).raw(red);
    }
  }
  return nal(NAL.idr, bits.end());
}

/** The picture before, once more. `since`: pictures since the last whole one. */
export function samePicture({ columns, rows }: Picture, since: number): Uint8Array {
  const bits = new Bits()
    .ue(0)
    .ue(5)
    .ue(0)
    .u(since % 2 ** FRAME_NUM_BITS, FRAME_NUM_BITS);
  return nal(
    NAL.inter,
    bits
      .u(0, 3)
      .ue(0)
      .ue(columns * rows)
      .end(),
  );
}
