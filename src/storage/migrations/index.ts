/** All migrations in order. A name, once released, never changes. */
import type { Migration } from 'kysely/migration';
import * as first from './0001-first.ts';

export const MIGRATIONS: Readonly<Record<string, Migration>> = Object.freeze({
  '0001-first': first,
});
