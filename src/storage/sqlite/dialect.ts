/** Lets Kysely speak to Bun's own SQLite driver: the one seam to `bun:sqlite` for admin queries. */
import type { Database } from 'bun:sqlite';
import { SqliteDialect } from 'kysely';
import { refuseNul } from '../texts.ts';

type Value = string | number | bigint | boolean | null | Uint8Array;

export function kyselyDialect(db: Database): SqliteDialect {
  return new SqliteDialect({
    database: {
      close: () => undefined,
      prepare: (text: string) => {
        const statement = db.query<Record<string, unknown>, Value[]>(text);
        const bound = (values: readonly unknown[]): Value[] => {
          refuseNul(values);
          return values as Value[];
        };
        return {
          reader: statement.columnNames.length > 0,
          all: (values: readonly unknown[]) => statement.all(...bound(values)),
          run: (values: readonly unknown[]) => statement.run(...bound(values)),
          iterate: (values: readonly unknown[]) => statement.iterate(...bound(values)),
        };
      },
    },
  });
}
