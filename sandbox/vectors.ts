/**
 * Texts as vectors without a model: words, pairs of words and letter groups are hashed to places, so
 * texts that share them lie near each other. The same text always gives the same unit vector.
 */

const WORD_WEIGHT = 1;
const PAIR_WEIGHT = 0.5;
const GROUP_WEIGHT = 0.4;
const GROUP_LETTERS = 3;
/** A long text is read this far: enough for a search, and bounded. */
const FEATURES_MAX = 20_000;

/** A vector of length 1; a text without letters or digits gives the first axis. */
export function embed(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  let count = 0;
  for (const [feature, weight] of featuresOf(text)) {
    if (count >= FEATURES_MAX) break;
    count += 1;
    const hash = Bun.hash(feature);
    const sign = (hash & 1n) === 0n ? 1 : -1;
    const place = Number((hash >> 1n) % BigInt(dimensions));
    vector[place] = vector[place]! + sign * weight;
  }
  const length = Math.hypot(...vector);
  if (length === 0) vector[0] = 1;
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Cosine of two unit vectors of the same size. */
export function nearness(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
}

function* featuresOf(text: string): Generator<readonly [string, number]> {
  let before = '';
  for (const word of wordsOf(text)) {
    yield [`w ${word}`, WORD_WEIGHT];
    if (before !== '') yield [`p ${before} ${word}`, PAIR_WEIGHT];
    const padded = ` ${word} `;
    for (let at = 0; at + GROUP_LETTERS <= padded.length && word.length > 2; at += 1) {
      yield [`g ${padded.slice(at, at + GROUP_LETTERS)}`, GROUP_WEIGHT];
    }
    before = word;
  }
}

/** Words of Latin and other letters, and each CJK character as a word. */
function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .match(
        /[\u3040-\u30ff\u3400-\u9fff]|[\p{L}\p{N}]+?(?=[\u3040-\u30ff\u3400-\u9fff]|[^\p{L}\p{N}]|$)/gu,
      ) ?? []
  );
}
