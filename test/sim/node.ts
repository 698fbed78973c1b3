/** One node's way to the books, which may fail at any write, and its clock, which ends with it. */
import type { Clock } from '../../src/kit/clock.ts';
import type { Op, Verdict } from '../../src/storage/books.ts';
import type {
  Audit,
  Entry,
  HoldRow,
  HoldVerdict,
  Ledger,
  SettleRow,
  SettleVerdict,
} from '../../src/storage/ports.ts';
import type { SimClock } from '../suites/sim-clock.ts';
import type { SimBooks } from './books.ts';
import type { Dice } from './dice.ts';

/** What happens at a write. */
export const FATES = Object.freeze([
  'dies_before',
  'dies_after',
  'fails',
  'answer_lost',
  'stalls',
] as const);
export type Fate = (typeof FATES)[number];

/** Longer than a lease: the others take the node for dead. */
const STALL_MS = 25_000;
const COMMIT_MS_MAX = 4;

export interface World {
  readonly clock: SimClock;
  readonly books: SimBooks;
  readonly dice: Dice;
  /** What this write of any node comes to. */
  fate(): Fate | null;
  wrote(what: string): void;
  /** The node is gone, or does not renew its lease. */
  lost(node: Node, why: Fate): void;
}

/** What never comes: a dead process goes no further. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

interface Waiting {
  readonly op: Op;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
}

export class Node implements Ledger {
  readonly id: number;
  isDead = false;
  readonly #world: World;
  #queue: Waiting[] = [];

  constructor(id: number, world: World) {
    this.id = id;
    this.#world = world;
  }

  readonly clock: Clock = {
    nowMs: () => this.#world.clock.nowMs(),
    tickMs: () => this.#world.clock.tickMs(),
    sleep: (ms) => new Promise<void>((resolve) => void this.clock.after(ms, resolve)),
    after: (ms, run) => this.#world.clock.after(ms, () => (this.isDead ? undefined : run())),
  };

  hold(row: HoldRow): Promise<HoldVerdict> {
    return this.#add({ kind: 'hold', row }) as Promise<HoldVerdict>;
  }

  settle(row: SettleRow): Promise<SettleVerdict> {
    return this.#add({ kind: 'settle', row }) as Promise<SettleVerdict>;
  }

  async enter(entry: Entry): Promise<boolean> {
    return (await this.#add({ kind: 'enter', entry })) === 'entered';
  }

  keepPrice = (_text: string) => Promise.resolve('price_1');
  parkOpen = (_evidence: string) => Promise.resolve(0);
  audit = (): Promise<Audit> => Promise.reject(new Error('not here'));

  /** What is asked in one moment is one transaction. */
  #add(op: Op): Promise<Verdict> {
    if (this.isDead) return never();
    return new Promise((resolve, reject) => {
      this.#queue.push({ op, resolve, reject });
      if (this.#queue.length > 1) return;
      void this.clock.after(1 + this.#world.dice.below(COMMIT_MS_MAX), () => this.#flush());
    });
  }

  #flush(): void {
    const group = this.#queue;
    this.#queue = [];
    const fate = this.#world.fate();
    if (fate === 'dies_before') {
      this.#die(fate);
      return;
    }
    if (fate === 'fails') {
      this.#world.wrote(`node ${this.id} fails`);
      for (const { reject } of group) reject(new Error('disk full'));
      return;
    }
    if (fate === 'stalls') {
      this.#world.lost(this, fate);
      void this.clock.after(STALL_MS, () => this.#commit(group, fate));
      return;
    }
    this.#commit(group, fate);
  }

  #commit(group: readonly Waiting[], fate: Fate | null): void {
    const ops = group.map(({ op }) => op);
    const { books } = this.#world;
    let verdicts = books.commit(ops, this.id, false);
    this.#world.wrote(`node ${this.id} ${ops.map(nameOp).join(' ')}`);
    if (fate === 'dies_after') {
      this.#die(fate);
      return;
    }
    if (fate === 'answer_lost') {
      // Written, but nobody heard of it: it is asked for again.
      verdicts = books.commit(ops, this.id, true);
      this.#world.wrote(`node ${this.id} again`);
    }
    for (const [at, { resolve }] of group.entries()) {
      const verdict = verdicts[at];
      if (verdict !== undefined) resolve(verdict);
    }
  }

  /** Everything under way on it ends here. */
  #die(why: Fate): void {
    this.kill();
    this.#world.lost(this, why);
  }

  kill(): void {
    this.isDead = true;
    this.#queue = [];
  }
}

function nameOp(op: Op): string {
  return op.kind === 'hold' ? `hold ${op.row.requestId}` : op.kind;
}
