/** The kinds of numbers that embeddings come in. */

const BYTE_MAX = 127;
const BITS = 8;
const SIGNED_OFFSET = 128;

/** `float`, `int8`, `uint8`, or one bit a dimension, eight to a byte: `binary`, `ubinary`. */
export function quantised(vector: readonly number[], kind: string): number[] {
  if (kind === 'binary' || kind === 'ubinary') return bits(vector, kind === 'binary');
  if (kind !== 'int8' && kind !== 'uint8') return [...vector];
  const peak = Math.max(...vector.map(Math.abs)) || 1;
  const offset = kind === 'uint8' ? SIGNED_OFFSET : 0;
  return vector.map((value) => Math.round((value / peak) * BYTE_MAX) + offset);
}

function bits(vector: readonly number[], isSigned: boolean): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < vector.length; at += BITS) {
    const byte = vector
      .slice(at, at + BITS)
      .reduce((sum, value, bit) => sum + (value > 0 ? 1 << (BITS - 1 - bit) : 0), 0);
    bytes.push(isSigned ? byte - SIGNED_OFFSET : byte);
  }
  return bytes;
}

/** Float32 in little-endian order; whole numbers as bytes. */
export function toBase64(numbers: readonly number[], kind: string): string {
  const isBytes = kind === 'int8' || kind === 'uint8' || kind.endsWith('binary');
  const bytes = isBytes ? Buffer.from(numbers) : Buffer.from(new Float32Array(numbers).buffer);
  return bytes.toString('base64');
}
