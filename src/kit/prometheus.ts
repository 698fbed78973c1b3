/**
 * Counters and histograms in Prometheus's text format (version 0.0.4). Our own, because they are
 * fed on the hot path, where the usual library costs as much as half of the books.
 */

/** Series kept for one metric; beyond, values go to the label `other`. */
const SERIES_MAX = 2_000;
const OTHER = 'other';
const SEPARATOR = '\u0000';

function head(name: string, help: string, type: 'counter' | 'gauge' | 'histogram'): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

export function writeGauge(name: string, help: string, value: number): string {
  return `${head(name, help, 'gauge')}${name} ${value}\n`;
}

/** One sum of a counter; keep it where it is fed often. */
export interface Sum {
  value: number;
}

export class Counters {
  readonly #name: string;
  readonly #help: string;
  readonly #labels: readonly string[];
  readonly #sums = new Map<string, Sum>();

  constructor(name: string, help: string, labels: readonly string[]) {
    this.#name = name;
    this.#help = help;
    this.#labels = labels;
  }

  /** `values` in the order of the labels. */
  of(values: readonly string[]): Sum {
    const full = this.#sums.size >= SERIES_MAX;
    const key = values.join(SEPARATOR);
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    if (full && values[0] !== OTHER) return this.of(this.#labels.map(() => OTHER));
    const sum = { value: 0 };
    this.#sums.set(key, sum);
    return sum;
  }

  text(): string {
    let out = head(this.#name, this.#help, 'counter');
    for (const [key, sum] of this.#sums) {
      const values = key.split(SEPARATOR);
      const labels = this.#labels.map((label, at) => `${label}=${quote(values[at] ?? '')}`);
      out += `${this.#name}{${labels.join(',')}} ${sum.value}\n`;
    }
    return out;
  }
}

/** One series of a histogram; keep it where it is fed often. */
export class Histogram {
  /** Values in each bucket alone; the last is above all bounds. */
  readonly counts: Float64Array;
  readonly #bounds: readonly number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }
}

export class Histograms {
  readonly #is: { readonly name: string; readonly help: string };
  readonly #label: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Histogram>();

  constructor(
    is: { readonly name: string; readonly help: string },
    label: string,
    bounds: readonly number[],
  ) {
    this.#is = is;
    this.#label = label;
    this.#bounds = bounds;
  }

  of(label: string): Histogram {
    const known = this.#series.get(label);
    if (known !== undefined) return known;
    if (this.#series.size >= SERIES_MAX && label !== OTHER) return this.of(OTHER);
    const fresh = new Histogram(this.#bounds);
    this.#series.set(label, fresh);
    return fresh;
  }

  text(): string {
    const { name, help } = this.#is;
    let out = head(name, help, 'histogram');
    for (const [value, histogram] of this.#series) {
      const label = `${this.#label}=${quote(value)}`;
      let below = 0;
      this.#bounds.forEach((bound, at) => {
        below += histogram.counts[at] ?? 0;
        out += `${name}_bucket{${label},le="${bound}"} ${below}\n`;
      });
      out += `${name}_bucket{${label},le="+Inf"} ${histogram.count}\n`;
      out += `${name}_sum{${label}} ${histogram.sum}\n${name}_count{${label}} ${histogram.count}\n`;
    }
    return out;
  }
}
