/** Ends of calls on their way into the books: written once, however long the books are away. */
import type { Clock } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Ledger, SettleRow } from '../storage/ports.ts';

/** Ends that wait for the books, about a kilobyte each. */
const PARKED_ROWS_MAX = 50_000;
/** Tried at once; of those that waited longest. */
const ROUND_ROWS_MAX = 512;
const PAUSE_MS = 250;
const PAUSE_MS_MAX = 60_000;
/** How long a stop waits for the books. */
const STOP_MS = 5_000;
/** Ends that a stop gives up and tells one by one; of more, only how many. */
const TOLD_ROWS_MAX = 1_000;

/** `refused`: the books would not take an end now. `dropped`: nobody tries it any more. */
export type SettlementEvent = 'refused' | 'dropped';

export interface Settlements {
  /** Never throws. What the books do not take now is tried again as long as this process lives. */
  add(row: SettleRow): void;
  /** Calls that ended, of which the books do not know it yet. */
  readonly waiting: () => number;
  /** Tries once more, in bounded time; says what is left, for nobody else knows it. */
  stop(): Promise<void>;
}

export interface SettlementDeps {
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly log: Log;
  readonly tell: (event: SettlementEvent) => void;
}

export function makeSettlements(deps: SettlementDeps): Settlements {
  return new Parking(deps);
}

class Parking implements Settlements {
  readonly #deps: SettlementDeps;
  /** The longest waiting first. */
  readonly #parked = new Map<string, SettleRow>();
  /** First tries under way. */
  readonly #first = new Map<string, SettleRow>();
  #round: Promise<void> | null = null;
  #takeBack: (() => void) | null = null;
  #pauseMs = PAUSE_MS;
  /** The latest end was refused at its first try. */
  #away = false;
  #stopped = false;
  #gaveUp = false;

  constructor(deps: SettlementDeps) {
    this.#deps = deps;
  }

  readonly waiting = (): number => this.#parked.size + this.#first.size;

  add(row: SettleRow): void {
    this.#first.set(row.id, row);
    void this.#try(row).then((error) => {
      this.#first.delete(row.id);
      if (error !== null) this.#park(row, error);
      else if (this.#away) this.#hurry();
      this.#away = error !== null;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#takeBack?.();
    const { clock } = this.#deps;
    const limit = Promise.withResolvers<void>();
    let isOver = false;
    const takeBack = clock.after(STOP_MS, () => {
      isOver = true;
      limit.resolve();
    });
    const settled = async (): Promise<void> => {
      while (!isOver && this.waiting() > 0) {
        await this.#round;
        await this.#tryRound();
        if (this.waiting() > 0) await clock.sleep(PAUSE_MS);
      }
    };
    await Promise.race([settled(), limit.promise]);
    takeBack();
    this.#gaveUp = true;
    this.#giveUp([...this.#first.values(), ...this.#parked.values()]);
  }

  /** null where the books have it. */
  async #try(row: SettleRow): Promise<unknown> {
    try {
      await this.#deps.ledger.settle(row);
      return null;
    } catch (error) {
      this.#deps.tell('refused');
      return error ?? 'no reason given';
    }
  }

  #park(row: SettleRow, error: unknown): void {
    if (this.#gaveUp || this.#parked.size >= PARKED_ROWS_MAX) {
      this.#giveUp([row]);
      return;
    }
    if (this.#parked.size === 0) {
      this.#deps.log.error('a settlement could not be written; it is tried again', {
        ...{ call: row.id, error },
      });
    }
    this.#parked.set(row.id, row);
    this.#plan();
  }

  /** The books are back: those that wait need not wait for the end of a long pause. */
  #hurry(): void {
    this.#pauseMs = PAUSE_MS;
    this.#takeBack?.();
    this.#takeBack = null;
    if (this.#parked.size > 0) this.#plan();
  }

  #plan(): void {
    if (this.#stopped || this.#takeBack !== null || this.#round !== null) return;
    this.#takeBack = this.#deps.clock.after(this.#pauseMs, () => {
      this.#takeBack = null;
      this.#round = this.#tryRound().finally(() => {
        this.#round = null;
        if (this.#parked.size > 0) this.#plan();
      });
    });
  }

  /** One that can never be written goes behind the others, and so holds up none of them. */
  async #tryRound(): Promise<void> {
    const rows = [...this.#parked.values().take(ROUND_ROWS_MAX)];
    let written = 0;
    let last: unknown = null;
    await Promise.all(
      rows.map(async (row) => {
        const error = await this.#try(row);
        this.#parked.delete(row.id);
        if (error === null) written += 1;
        else {
          last = error;
          this.#parked.set(row.id, row);
        }
      }),
    );
    this.#pauseMs = written > 0 ? PAUSE_MS : Math.min(PAUSE_MS_MAX, this.#pauseMs * 2);
    const { log } = this.#deps;
    if (written > 0) log.info('settlements that waited are written', { calls: written });
    if (last !== null) {
      log.error('settlements wait for the books', { calls: this.#parked.size, error: last });
    }
  }

  /** The next start parks these calls as unknown; what was counted is told here or nowhere. */
  #giveUp(rows: readonly SettleRow[]): void {
    for (const [at, row] of rows.entries()) {
      this.#deps.tell('dropped');
      if (at >= TOLD_ROWS_MAX) continue;
      const { id: call, state, quantities, upstream, priceId } = row;
      const charge = row.charge.toString();
      this.#deps.log.error('a call may stay open; then the next start parks it as unknown', {
        ...{ call, state, charge, quantities, upstream, priceId },
      });
    }
    if (rows.length > TOLD_ROWS_MAX) {
      this.#deps.log.error('more calls may stay open than are named', { calls: rows.length });
    }
  }
}
