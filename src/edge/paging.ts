/** Pages of a list that is in memory, by the id after which the next one begins. */
import { Fault } from '../kit/fault.ts';

export const PAGE_ROWS_MAX = 1_000;

interface PageWish<T> {
  /** As it was asked; null: not. */
  readonly rows: string | null;
  readonly rowsDefault: number;
  /** Its name in the query. */
  readonly field: string;
  /** The last id of the page before; null: this is the first. */
  readonly after: string | null;
  readonly idOf: (item: T) => string;
}

export function pageOf<T>(
  list: readonly T[],
  wish: PageWish<T>,
): { readonly items: readonly T[]; readonly next: string | null } {
  const { rows: asked, rowsDefault, field, after, idOf } = wish;
  const rows = asked === null ? rowsDefault : Number(asked);
  if (!Number.isInteger(rows) || rows < 1 || rows > PAGE_ROWS_MAX) {
    throw new Fault('invalid_request', {
      message: `${field} must be a whole number from 1 to ${PAGE_ROWS_MAX}.`,
      param: field,
    });
  }
  // One that is gone since begins again rather than ends: nothing is missed.
  const start =
    after === null || after === '' ? 0 : list.findIndex((item) => idOf(item) === after) + 1;
  const items = list.slice(start, start + rows);
  const last = items.at(-1);
  const isMore = start + rows < list.length;
  return { items, next: isMore && last !== undefined ? idOf(last) : null };
}
