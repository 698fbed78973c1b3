/** Groups what arrives in one turn of the event loop, so that one commit serves all of it. */

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class Batch<Item, Result> {
  readonly #run: (items: readonly Item[]) => readonly Result[] | Promise<readonly Result[]>;
  readonly #sizeMax: number;
  #waiting: Waiting<Item, Result>[] = [];
  #scheduled = false;

  /** `run` answers one result for each item, in order; when it throws, every item of the group fails. */
  constructor(
    run: (items: readonly Item[]) => readonly Result[] | Promise<readonly Result[]>,
    sizeMax: number,
  ) {
    this.#run = run;
    this.#sizeMax = sizeMax;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(this.#flush);
    });
  }

  get size(): number {
    return this.#waiting.length;
  }

  readonly #flush = async (): Promise<void> => {
    const group = this.#waiting.splice(0, this.#sizeMax);
    try {
      const results = this.#run(group.map((waiting) => waiting.item));
      const settled = results instanceof Promise ? await results : results;
      group.forEach((waiting, index) => {
        waiting.resolve(settled[index] as Result);
      });
    } catch (error) {
      for (const waiting of group) waiting.reject(error);
    }
    if (this.#waiting.length > 0) setImmediate(this.#flush);
    else this.#scheduled = false;
  };
}
