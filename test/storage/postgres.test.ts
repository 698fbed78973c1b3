/** The storage suite on a real PostgreSQL. */
import { afterAll } from 'bun:test';
import { needs } from '../needs.ts';
import { storageSuites } from '../suites/storage-suites.ts';
import { type Cluster, findPostgres, startCluster } from './postgres-cluster.ts';
import { makePostgresPlace } from './postgres-place.ts';

const name = 'postgres';
if (findPostgres() === null) {
  needs('postgres')('the storage suite on PostgreSQL', () => undefined);
} else {
  let starting: Promise<Cluster> | undefined;
  const cluster = (): Promise<Cluster> => {
    starting ??= startCluster();
    return starting;
  };
  const make = async () => makePostgresPlace(await cluster());
  afterAll(async () => (await starting)?.dispose());
  storageSuites(name, make);
}
