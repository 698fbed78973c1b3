/** Reads secrets from Vault or OpenBao: key/value engine version 2, by token or AppRole. */
import { z } from 'zod';
import type { Clock } from './clock.ts';
import { type Outbound, OutboundError } from './fetch.ts';

export interface VaultSettings {
  readonly address: string;
  readonly namespace: string | null;
  readonly login:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'approle'; readonly roleId: string; readonly secretId: string };
  /** A value older than this is asked for again. */
  readonly cacheMs: number;
  /** May an old value be used while Vault does not give a new one? */
  readonly lastGood: boolean;
}

export interface VaultDeps {
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly warn: (message: string, why: string) => void;
}

const TIMEOUT_MS = 5_000;
const REPLY_BYTES_MAX = 1024 * 1024;
/** Secrets kept; beyond, the oldest one is forgotten. */
const SECRETS_MAX = 1_000;
/** After a failure Vault is left alone for this long where a last good value is there. */
const REST_MS = 5_000;
/** What is left of a token's life when it is renewed: a half. */
const RENEW_DIVISOR = 2;
const MS_PER_S = 1_000;

const secretReply = z.object({
  data: z.object({ data: z.record(z.string(), z.unknown()).nullable() }),
});
const authReply = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number(),
    renewable: z.boolean(),
  }),
});
const lookupReply = z.object({ data: z.object({ ttl: z.number(), renewable: z.boolean() }) });

/** `vault:mount/path#field`, taken apart. Throws an Error that says what it must look like. */
function readVaultReference(reference: string): {
  readonly path: string;
  readonly field: string;
} {
  const found = /^vault:([\w.-]+)\/([\w./ -]+)#(.+)$/.exec(reference);
  const [, mount, path, field] = found ?? [];
  const steps = path?.split('/') ?? [];
  if (mount === undefined || field === undefined || steps.some((step) => /^\.{0,2}$/.test(step))) {
    throw new Error('it must look like vault:mount/path#field');
  }
  return { path: `${mount}/data/${steps.map(encodeURIComponent).join('/')}`, field };
}

class VaultError extends Error {
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

interface Kept {
  readonly fields: Readonly<Record<string, unknown>>;
  atMs: number;
}

interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string | null;
  readonly body?: object;
}

interface Session {
  readonly token: string;
  /** null: it needs none. */
  readonly renewAtMs: number | null;
}

export class Vault {
  readonly #settings: VaultSettings;
  readonly #deps: VaultDeps;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Kept>>();
  #session: Session | null = null;
  #opening: Promise<Session> | null = null;

  constructor(settings: VaultSettings, deps: VaultDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** Throws an Error that says why; never with a secret in it. */
  async read(reference: string): Promise<string> {
    const { path, field } = readVaultReference(reference);
    const { fields } = await this.#secret(path);
    const value = fields[field];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    throw new Error(`this secret in Vault has no text in the field "${field}"`);
  }

  /** Renews the token when half of its life is over. To be called often; mostly does nothing. */
  async tend(): Promise<void> {
    const session = this.#session;
    if (session === null || session.renewAtMs === null) return;
    if (this.#deps.clock.tickMs() < session.renewAtMs) return;
    try {
      const path = 'auth/token/renew-self';
      const body = await this.#ask({ method: 'POST', path, token: session.token, body: {} });
      this.#session = this.#begin(authReply.parse(body).auth);
    } catch (error) {
      this.#deps.warn('the Vault token cannot be renewed', explain(error));
      // At its end AppRole logs in anew; a bare token has to be replaced by the operator.
      if (this.#settings.login.kind === 'approle') this.#session = null;
      else this.#session = { ...session, renewAtMs: this.#deps.clock.tickMs() + REST_MS };
    }
  }

  async #secret(path: string): Promise<Kept> {
    const kept = this.#kept.get(path);
    const nowMs = this.#deps.clock.tickMs();
    if (kept !== undefined && nowMs - kept.atMs < this.#settings.cacheMs) return kept;
    try {
      return await this.#fetchOnce(path);
    } catch (error) {
      if (kept === undefined || !this.#settings.lastGood) {
        this.#kept.delete(path);
        throw error;
      }
      this.#deps.warn('Vault gives no new secret, the last one stays', explain(error));
      kept.atMs = nowMs - this.#settings.cacheMs + REST_MS;
      return kept;
    }
  }

  /** Those who want the same secret at once share one question. */
  #fetchOnce(path: string): Promise<Kept> {
    const asked = this.#asking.get(path) ?? this.#fetch(path);
    this.#asking.set(path, asked);
    return asked.finally(() => this.#asking.delete(path));
  }

  async #fetch(path: string): Promise<Kept> {
    const body = await this.#askLoggedIn(path);
    const read = secretReply.safeParse(body);
    if (!read.success || read.data.data.data === null) {
      throw new VaultError('Vault has no such secret (key/value engine, version 2)', null);
    }
    const kept = { fields: read.data.data.data, atMs: this.#deps.clock.tickMs() };
    if (this.#kept.size >= SECRETS_MAX) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(path, kept);
    return kept;
  }

  /** A refused token may have been revoked or have run out: with AppRole one new login is tried. */
  async #askLoggedIn(path: string): Promise<unknown> {
    const { token } = await this.#open();
    try {
      return await this.#ask({ method: 'GET', path, token });
    } catch (error) {
      const refused = error instanceof VaultError && error.status === 403;
      if (!refused || this.#settings.login.kind !== 'approle') throw error;
      this.#session = null;
      const fresh = await this.#open();
      return this.#ask({ method: 'GET', path, token: fresh.token });
    }
  }

  async #open(): Promise<Session> {
    if (this.#session !== null) return this.#session;
    this.#opening ??= this.#logIn().finally(() => {
      this.#opening = null;
    });
    this.#session = await this.#opening;
    return this.#session;
  }

  async #logIn(): Promise<Session> {
    const { login } = this.#settings;
    if (login.kind === 'token') return this.#lookUp(login.token);
    const path = 'auth/approle/login';
    const body = { role_id: login.roleId, secret_id: login.secretId };
    const reply = await this.#ask({ method: 'POST', path, token: null, body });
    return this.#begin(authReply.parse(reply).auth);
  }

  async #lookUp(token: string): Promise<Session> {
    try {
      const path = 'auth/token/lookup-self';
      const { data } = lookupReply.parse(await this.#ask({ method: 'GET', path, token }));
      const { ttl, renewable } = data;
      return this.#begin({ client_token: token, lease_duration: ttl, renewable });
    } catch (error) {
      // A token may be allowed to read secrets and not to look at itself.
      if (error instanceof VaultError && error.status === 403) return { token, renewAtMs: null };
      throw error;
    }
  }

  #begin(auth: z.output<typeof authReply>['auth']): Session {
    const lifeMs = auth.lease_duration * MS_PER_S;
    const renews = auth.renewable && lifeMs > 0;
    const renewAtMs = renews ? this.#deps.clock.tickMs() + lifeMs / RENEW_DIVISOR : null;
    return { token: auth.client_token, renewAtMs };
  }

  async #ask(ask: Ask): Promise<unknown> {
    const { address, namespace } = this.#settings;
    const abort = new AbortController();
    const takeBack = this.#deps.clock.after(TIMEOUT_MS, () => abort.abort());
    try {
      const reply = await this.#deps.outbound({
        url: `${address.replace(/\/+$/, '')}/v1/${ask.path}`,
        method: ask.method,
        headers: {
          'x-vault-request': 'true',
          ...(ask.token === null ? {} : { 'x-vault-token': ask.token }),
          ...(namespace === null ? {} : { 'x-vault-namespace': namespace }),
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: ask.body === undefined ? null : JSON.stringify(ask.body),
        signal: abort.signal,
        connectMs: TIMEOUT_MS,
      });
      const text = await reply.text(REPLY_BYTES_MAX);
      if (reply.status !== 200) throw refusal(reply.status, ask.path);
      return JSON.parse(text);
    } catch (error) {
      if (error instanceof VaultError) throw error;
      const why = error instanceof OutboundError ? 'does not answer' : 'answered unreadably';
      throw new VaultError(`Vault at ${address} ${why}`, null, error);
    } finally {
      takeBack();
    }
  }
}

function refusal(status: number, path: string): VaultError {
  const known: Readonly<Record<number, string>> = {
    400: path.startsWith('auth/') ? 'Vault refused the login' : 'Vault refused the request',
    403: 'Vault does not permit it: wrong or ended token, or no policy for this path',
    404: 'Vault has no such secret (key/value engine, version 2)',
    503: 'Vault is sealed or under maintenance',
  };
  return new VaultError(known[status] ?? `Vault answered ${status}`, status);
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : 'unreadable';
}
