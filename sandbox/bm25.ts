/** BM25 (Robertson and Spärck Jones): how well each document answers a query, as 0 to 1. */

const K1 = 1.2;
const B = 0.75;

export interface Ranked {
  readonly index: number;
  readonly score: number;
}

/** Best first; equal scores in the order given. */
export function rank(query: string, documents: readonly string[]): Ranked[] {
  const terms = [...new Set(termsOf(query))];
  const bags = documents.map(bagOf);
  const lengths = bags.map((bag) => [...bag.values()].reduce((sum, count) => sum + count, 0));
  const mean = Math.max(1, lengths.reduce((sum, length) => sum + length, 0) / (bags.length || 1));
  const weights = terms.map((term) => {
    const holders = bags.filter((bag) => bag.has(term)).length;
    return Math.log(1 + (bags.length - holders + 0.5) / (holders + 0.5));
  });
  const ceiling = weights.reduce((sum, weight) => sum + weight * (K1 + 1), 0) || 1;
  return bags
    .map((bag, index) => {
      const norm = K1 * (1 - B + (B * lengths[index]!) / mean);
      const score = terms.reduce((sum, term, at) => {
        const count = bag.get(term) ?? 0;
        return sum + (weights[at]! * count * (K1 + 1)) / (count + norm);
      }, 0);
      return { index, score: Number((score / ceiling).toFixed(8)) };
    })
    .sort((one, other) => other.score - one.score || one.index - other.index);
}

function bagOf(text: string): Map<string, number> {
  const bag = new Map<string, number>();
  for (const term of termsOf(text)) bag.set(term, (bag.get(term) ?? 0) + 1);
  return bag;
}

/** Words without a plural's s, and each CJK character as a word. */
function termsOf(text: string): string[] {
  const found = text.toLowerCase().match(/[\u3040-\u30ff\u3400-\u9fff]|[a-z0-9\u00c0-\u024f]+/g);
  return (found ?? []).map((word) => (word.length > 3 ? word.replace(/s$/, '') : word));
}
