/** Where secrets come from: the environment, files, Vault. */
import { systemClock } from '../kit/clock.ts';
import type { Env } from '../kit/env.ts';
import { makeOutbound } from '../kit/fetch.ts';
import type { Log } from '../kit/log.ts';
import { readSecret } from '../kit/secret.ts';
import { Vault, type VaultSettings } from '../kit/vault.ts';
import type { Settings } from './settings.ts';

export interface Secrets {
  /** Throws an Error that says why; the caller names the reference. */
  read(reference: string): Promise<string>;
  /** Keeps the login at Vault alive. */
  tend(): Promise<void>;
}

const MS_PER_S = 1_000;

/** Throws an Error that names the setting of Vault that is wrong. Asks Vault nothing yet. */
export function openSecrets(settings: Settings, env: Env, log?: Log): Secrets {
  const wanted = vaultSettings(settings, env);
  const warn = (message: string, why: string): void => {
    if (log !== undefined) log.warn(message, { why });
    else process.stderr.write(`gangway: ${message}: ${why}\n`);
  };
  const direct = env.HTTPS_PROXY === undefined && env.HTTP_PROXY === undefined;
  const clock = systemClock;
  const outbound = makeOutbound(clock, direct);
  const vault = wanted === null ? null : new Vault(wanted, { clock, outbound, warn });
  return {
    async read(reference) {
      if (!reference.startsWith('vault:')) return readSecret(reference, env);
      if (vault === null) throw new Error('set vault.address and how to log in');
      return vault.read(reference);
    },
    async tend() {
      await vault?.tend();
    },
  };
}

function vaultSettings({ vault }: Settings, env: Env): VaultSettings | null {
  if (vault.address === null) return null;
  return {
    address: vault.address,
    namespace: vault.namespace,
    login: readLogin(vault, env),
    cacheMs: vault.cache_s * MS_PER_S,
    lastGood: vault.on_failure === 'last_good',
  };
}

function readLogin(vault: Settings['vault'], env: Env): VaultSettings['login'] {
  const { token, role_id: roleId, secret_id: secretId } = vault;
  if (token !== null && roleId === null && secretId === null) {
    return { kind: 'token', token: readOwn('token', token, env) };
  }
  if (token === null && roleId !== null && secretId !== null) {
    return {
      kind: 'approle',
      roleId: readOwn('role_id', roleId, env),
      secretId: readOwn('secret_id', secretId, env),
    };
  }
  throw new Error('vault: set either token, or role_id and secret_id.');
}

function readOwn(name: string, reference: string, env: Env): string {
  try {
    return readSecret(reference, env);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new Error(`vault.${name}: ${why}.`, { cause: error });
  }
}
