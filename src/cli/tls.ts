/** The certificate of the settings: read at the start, and again when its files change. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsPair } from '../edge/listener.ts';
import { every } from '../kit/clock.ts';
import type { Log } from '../kit/log.ts';
import type { Settings } from './settings.ts';

/** Renewals replace files or links to them, so contents are compared, not file times. */
const CHECK_EVERY_MS = 1_000;

/** null where the settings name no certificate. Throws an Error that names the wrong setting. */
export function readTls({ tls }: Settings): TlsPair | null {
  if (tls.cert === null && tls.key === null) {
    if (tls.plain_listen !== null) {
      throw new Error('tls.plain_listen: needs tls.cert and tls.key; without them use "listen".');
    }
    return null;
  }
  if (tls.cert === null) throw new Error('tls.cert: is missing beside tls.key.');
  if (tls.key === null) throw new Error('tls.key: is missing beside tls.cert.');
  const pair = { cert: read('tls.cert', tls.cert), key: read('tls.key', tls.key) };
  checkPair(pair);
  return pair;
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${setting}: ${path} cannot be read`, { cause: error });
  }
}

function checkPair(pair: TlsPair): void {
  let fits: boolean;
  try {
    fits = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
  } catch (error) {
    throw new Error('tls.cert, tls.key: not a certificate and a key in PEM', { cause: error });
  }
  if (!fits) throw new Error('tls.cert, tls.key: the key is not that of the certificate.');
}

export interface TlsWatch {
  readonly settings: Settings;
  readonly current: TlsPair;
  readonly log: Log;
  readonly renew: (pair: TlsPair) => void;
}

/** Keeps the last good pair while the files are half changed, and says so once. */
export function watchTls({ settings, current, log, renew }: TlsWatch): () => void {
  let { cert, key } = current;
  let trouble = '';
  return every(CHECK_EVERY_MS, () => {
    try {
      const pair = readTls(settings);
      trouble = '';
      if (pair === null || (pair.cert === cert && pair.key === key)) return;
      renew(pair);
      ({ cert, key } = pair);
      log.info('the new certificate is in force');
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unreadable';
      if (why !== trouble)
        log.warn('the new certificate cannot be used, the last one stays', { why });
      trouble = why;
    }
  });
}
