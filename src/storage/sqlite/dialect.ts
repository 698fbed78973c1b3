/** Lets Kysely speak to Bun's own SQLite driver: the one seam to `bun:sqlite` for admin queries. */
import type { Database } from 'bun:sqlite';
import { SqliteDialect } from 'kysely';

type Value = string | number | bigint | boolean | null | Uint8Array;

export function kyselyDialect(db: Database): SqliteDialect {
  return new SqliteDialect({
    database: {
      close: () => undefined,
      prepare: (text: string) => {
        const statement = db.query<Record<string, unknown>, Value[]>(text);
        return {
          reader: statement.columnNames.length > 0,
          all: (values: readonly unknown[]) => statement.all(...(values as Value[])),
          run: (values: readonly unknown[]) => statement.run(...(values as Value[])),
          iterate: (values: readonly unknown[]) => statement.iterate(...(values as Value[])),
        };
      },
    },
  });
}
