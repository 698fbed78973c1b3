/** One server for one data folder: a second one would take the first one's open calls for lost. */
import { Database } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes the folder until the answer is called. The operating system lets go of the lock when the
 * process dies, however it dies. Throws an Error that says who has it.
 */
export function lockData(dir: string): () => void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const db = new Database(join(dir, 'serve.lock'), { create: true });
  try {
    db.run('pragma busy_timeout = 0');
    db.run('pragma journal_mode = memory');
    db.run('begin exclusive');
  } catch (error) {
    db.close();
    throw new Error(`Another gangway serves from ${dir}. Stop it, or choose another --data.`, {
      cause: error,
    });
  }
  return () => db.close();
}
