/** Apps over the platform API: make, list, look at, revoke. */
import { z } from 'zod';
import { type AppWish, mintApp } from '../access/apps.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonAsk, JsonReply, JsonRoute } from '../kit/json-route.ts';
import type { Accounts, Apps, FoundApp } from '../storage/ports.ts';
import { readFields } from './fields.ts';

const PATH = '/platform/v1/apps';
const PAGE_ROWS = 100;
const PAGE_ROWS_MAX = 1_000;

export interface PlatformDeps {
  readonly apps: Apps;
  readonly accounts: Accounts;
  readonly clock: Clock;
}

const newApp = z.strictObject({
  /** By its name. */
  account: z.string(),
  name: z.string(),
  callback_domain: z.string(),
  scenario: z.string(),
  contract: z.enum(['strict', 'none']).default('strict'),
});

const page = z.strictObject({
  account: z.string().optional(),
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_ROWS_MAX).default(PAGE_ROWS),
});

export function appRoutes(deps: PlatformDeps): readonly JsonRoute[] {
  const one = `${PATH}/:id`;
  const access = 'operator';
  return [
    { method: 'POST', path: PATH, access, answer: (ask) => create(ask, deps) },
    { method: 'GET', path: PATH, access, answer: (ask) => list(ask, deps) },
    { method: 'GET', path: one, access, answer: (ask) => show(ask, deps) },
    { method: 'DELETE', path: one, access, answer: (ask) => revoke(ask, deps) },
  ];
}

async function create(ask: JsonAsk, deps: PlatformDeps): Promise<JsonReply> {
  const fields = readFields(newApp, ask.body);
  const wish: AppWish = {
    accountId: await accountId(fields.account, deps.accounts),
    name: fields.name,
    callbackDomain: fields.callback_domain,
    scenario: fields.scenario,
    contract: fields.contract === 'strict' ? 'strict' : null,
  };
  const { row, apiKey, apiSecret } = mintApp(wish, deps.clock.nowMs());
  await deps.apps.insert(row);
  const found = { app: row, accountName: fields.account, accountUnlimited: false };
  const body = { ...showApp(found), api_key: apiKey, api_secret: apiSecret };
  return { status: 201, body };
}

async function list(ask: JsonAsk, deps: PlatformDeps): Promise<JsonReply> {
  const { account, after, limit } = readFields(page, Object.fromEntries(ask.query));
  // One more than asked for tells whether there are more.
  const rows = await deps.apps.list({
    limit: limit + 1,
    ...(after === undefined ? {} : { after }),
    ...(account === undefined ? {} : { accountId: await accountId(account, deps.accounts) }),
  });
  const data = rows.slice(0, limit).map(showApp);
  const body = {
    object: 'list',
    data,
    has_more: rows.length > limit,
    last: data.at(-1)?.id ?? null,
  };
  return { status: 200, body };
}

async function show(ask: JsonAsk, deps: PlatformDeps): Promise<JsonReply> {
  return { status: 200, body: showApp(await find(ask, deps)) };
}

async function revoke(ask: JsonAsk, deps: PlatformDeps): Promise<JsonReply> {
  const { app } = await find(ask, deps);
  await deps.apps.revoke(app.id);
  return { status: 200, body: showApp(await find(ask, deps)) };
}

async function find(ask: JsonAsk, deps: PlatformDeps): Promise<FoundApp> {
  const id = ask.params.id ?? '';
  const found = await deps.apps.byId(id);
  if (found !== undefined) return found;
  throw new Fault('not_found', { message: `There is no app with the id ${id.slice(0, 100)}.` });
}

async function accountId(name: string, accounts: Accounts): Promise<string> {
  const account = await accounts.byName(name);
  if (account !== undefined) return account.id;
  throw new Fault('invalid_request', {
    message: `There is no account "${name.slice(0, 100)}".`,
    param: 'account',
  });
}

function showApp({ app, accountName }: FoundApp) {
  return {
    id: app.id,
    object: 'app',
    account: accountName,
    name: app.name,
    callback_domain: app.callbackDomain,
    scenario: app.scenario,
    contract: app.contract ?? 'none',
    state: app.state,
    key_hint: app.keyHint,
    created: new Date(app.createdMs).toISOString(),
  };
}
