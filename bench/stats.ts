/** Small statistics, each with one meaning. */

/** The value below which the share `q` (0..1) of the samples lies; NaN without samples. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] as number;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** How far apart the samples are: (largest - smallest) / smallest. */
export function spread(samples: readonly number[]): number {
  if (samples.length < 2) return 0;
  const low = Math.min(...samples);
  return (Math.max(...samples) - low) / low;
}

export const round = (n: number, digits = 2): number => Number(n.toFixed(digits));
