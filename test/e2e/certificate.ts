/** Self-signed certificates for tests, made by the system's openssl. */
import { join } from 'node:path';

export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

/** For localhost and 127.0.0.1; `name` is its common name and the name of its files. */
export function makeCertificate(folder: string, name: string): MadeCertificate {
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const run = Bun.spawnSync([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-nodes', '-days', '2', '-keyout', key, '-out', cert, '-subj', `/CN=${name}`],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ]);
  if (run.exitCode !== 0) throw new Error(`openssl: ${run.stderr.toString()}`);
  return { cert, key };
}
