/** Chance, from a seed. */
import { seededRandom } from '../suites/sim-clock.ts';

export class Dice {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** 0 … most - 1. */
  below(most: number): number {
    return Math.floor(this.random() * most);
  }

  /** In so many of a hundred. */
  chance(percent: number): boolean {
    return this.random() * 100 < percent;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }
}
