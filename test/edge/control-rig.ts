/** An account with a key and a key pair, and its signed requests. */
import { mintAccessKey } from '../../src/access/access-keys.ts';
import { newId } from '../../src/kit/ids.ts';
import { sign, type Wanted } from '../suites/signer.ts';
import { type Edge, SEALER } from './rig.ts';

interface Envelope {
  readonly ResponseMetadata?: {
    readonly Error?: { readonly Code: string; readonly CodeN: number };
  };
  readonly Result?: unknown;
}

export interface Acted {
  readonly status: number;
  readonly code: string | undefined;
  readonly codeN: number | undefined;
  readonly headers: Headers;
  readonly json: Envelope;
}

export interface ActWish extends Partial<Omit<Wanted, 'url' | 'body'>> {
  readonly version?: string;
  readonly query?: Readonly<Record<string, string>>;
}

export interface Account {
  readonly accountId: string;
  readonly key: string;
  /** One signed request. */
  act(action: string, body: object | string, more?: ActWish): Promise<Acted>;
  /** The result of an action that must succeed. */
  good(action: string, body: object): Promise<unknown>;
}

let signed = 0;

export async function makeAccount(edge: Edge, name: string): Promise<Account> {
  const accountId = newId('acct');
  await edge.store.accounts.insert({ id: accountId, name, unlimited: true, createdMs: 1 });
  const key = await edge.mint({ accountId, name });
  const { row, secret } = mintAccessKey(accountId, SEALER, 1);
  await edge.store.accessKeys.insert(row);
  const act: Account['act'] = async (action, wanted, more = {}) => {
    const { version = '2024-01-01', query = {}, method = 'POST', ...rest } = more;
    const body = typeof wanted === 'string' ? wanted : JSON.stringify(wanted);
    const fields = new URLSearchParams({ Action: action, Version: version, ...query });
    const url = `${edge.url}/?${fields}`;
    signed += 1;
    // Equal requests of one second have one signature; other seconds keep them apart.
    const atMs = Date.now() - (signed % 800) * 1_000;
    const pair = { accessKeyId: row.id, secret, atMs };
    const headers = sign({ ...pair, ...rest, url, method, body });
    const init = method === 'GET' ? { method, headers } : { method, headers, body };
    const response = await fetch(url, init);
    const json = (await response.json()) as Envelope;
    const error = json.ResponseMetadata?.Error;
    const { status } = response;
    return { status, code: error?.Code, codeN: error?.CodeN, headers: response.headers, json };
  };
  const good: Account['good'] = async (action, body) => {
    const told = await act(action, body);
    if (told.status !== 200) throw new Error(`${action}: ${JSON.stringify(told.json)}`);
    return told.json.Result;
  };
  return { accountId, key, act, good };
}
