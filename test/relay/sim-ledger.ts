/** Books in memory that keep the order of things, and fail when told to. */
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

/** A commit takes a moment, so that whoever does not wait for it is found out. */
const COMMIT_MS = 2;

export class SimLedger implements Ledger {
  readonly holds: HoldRow[] = [];
  readonly rows: SettleRow[] = [];
  verdict: HoldVerdict = 'held';
  /** So many of the next holds and settlements fail. */
  failHolds = 0;
  failSettles = 0;
  /** While it is away every settlement fails. */
  isAway = false;
  readonly #clock: SimClock;
  readonly #events: string[];

  constructor(clock: SimClock, events: string[]) {
    this.#clock = clock;
    this.#events = events;
  }

  async hold(row: HoldRow): Promise<HoldVerdict> {
    this.#events.push('hold');
    await this.#clock.sleep(COMMIT_MS);
    if (this.failHolds > 0) {
      this.failHolds -= 1;
      throw new Error('disk full');
    }
    if (this.verdict === 'held') this.holds.push(row);
    this.#events.push(typeof this.verdict === 'string' ? this.verdict : this.verdict.refused);
    return this.verdict;
  }

  async settle(row: SettleRow): Promise<SettleVerdict> {
    if (!this.isAway) await this.#clock.sleep(COMMIT_MS);
    if (this.isAway || this.failSettles > 0) {
      if (!this.isAway) this.failSettles -= 1;
      this.#events.push('settle failed');
      throw new Error('disk full');
    }
    if (this.rows.some((other) => other.id === row.id)) return 'already_settled';
    this.#events.push('settle');
    this.rows.push(row);
    return 'settled';
  }

  /** The one settlement there is. */
  get row(): SettleRow {
    const [row, ...more] = this.rows;
    if (row === undefined || more.length > 0) throw new Error(`${this.rows.length} settlements`);
    return row;
  }

  enter = (_entry: Entry) => Promise.resolve(true);
  keepPrice = (_text: string) => Promise.resolve('price_1');
  parkOpen = (_evidence: string) => Promise.resolve(0);
  audit = (): Promise<Audit> => Promise.reject(new Error('not here'));
}
