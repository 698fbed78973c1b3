import { storageSuites } from '../suites/storage-suites.ts';
import { makeSqlitePlace } from './sqlite-place.ts';

for (const sync of ['commit', 'interval'] as const) {
  const name = `sqlite, sync ${sync}`;
  const make = () => makeSqlitePlace(sync);
  storageSuites(name, make);
}
