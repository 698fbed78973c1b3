/** Groups what arrives within a short time, so that one commit serves all of it. */
import { systemClock } from './clock.ts';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchSettings {
  /** Items in one group at most. */
  readonly sizeMax: number;
  /** How long the first item waits for others; 0: only for those of the same turn of the loop. */
  readonly delayMs: number;
  /** Whether a group that failed with this is worth asking one by one; absent: always. */
  readonly splits?: (error: unknown) => boolean;
}

export class Batch<Item, Result> {
  readonly #run: (items: readonly Item[]) => readonly Result[] | Promise<readonly Result[]>;
  readonly #settings: BatchSettings;
  #waiting: Waiting<Item, Result>[] = [];
  #scheduled = false;
  #idle: (() => void)[] = [];

  /** `run` answers a result for each item, in order. When it throws, it is asked for each alone. */
  constructor(
    run: (items: readonly Item[]) => readonly Result[] | Promise<readonly Result[]>,
    settings: BatchSettings,
  ) {
    this.#run = run;
    this.#settings = settings;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      if (this.#settings.delayMs === 0) setImmediate(this.#flush);
      else systemClock.after(this.#settings.delayMs, this.#flush);
    });
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Resolves once nothing waits and nothing runs. */
  idle(): Promise<void> {
    if (!this.#scheduled) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  readonly #flush = async (): Promise<void> => {
    const group = this.#waiting.splice(0, this.#settings.sizeMax);
    try {
      await this.#runGroup(group);
    } catch (error) {
      // One bad item must not fail the others: each then stands alone.
      const splits = group.length > 1 && this.#settings.splits?.(error) !== false;
      if (!splits) for (const waiting of group) waiting.reject(error);
      else for (const waiting of group) await this.#runGroup([waiting]).catch(waiting.reject);
    }
    if (this.#waiting.length > 0) setImmediate(this.#flush);
    else {
      this.#scheduled = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  };

  async #runGroup(group: readonly Waiting<Item, Result>[]): Promise<void> {
    const results = this.#run(group.map((waiting) => waiting.item));
    const settled = results instanceof Promise ? await results : results;
    group.forEach((waiting, index) => {
      waiting.resolve(settled[index] as Result);
    });
  }
}
