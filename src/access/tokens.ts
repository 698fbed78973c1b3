/**
 * OAuth access tokens of apps. A token says itself whose it is and until when, signed; so it costs
 * no read, survives restarts, and still dies with its app, whose state is watched.
 */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { hashSecret, isSecret } from '../kit/ids.ts';
import { isSame, type Signer } from '../kit/signed.ts';
import type { AppRow, Apps, FoundApp, KeyRow } from '../storage/ports.ts';
import { watchApps } from './app-states.ts';
import { APP_KEY_PREFIX, APP_SECRET_PREFIX } from './apps.ts';
import type { Caller, TokenReader } from './keys.ts';

const TOKEN_PREFIX = 'at-gw-';
export const TOKEN_LIFE_S = 7_200;
/** Of an app, with all its tokens together. */
const APP_REQUESTS_PER_MINUTE = 60;
const MS_PER_S = 1_000;

export interface Tokens extends TokenReader {
  /** A token for who knows both. Fault: `invalid_api_key`, which does not say which was wrong. */
  issue(apiKey: string, apiSecret: string): Promise<string>;
}

export interface TokensDeps {
  readonly apps: Apps;
  readonly signer: Signer;
  readonly clock: Clock;
}

interface KnownApp {
  readonly app: AppRow;
  readonly caller: Caller;
}

export function makeTokens({ apps, signer, clock }: TokensDeps): Tokens {
  const states = watchApps(apps, prepareApp);
  return {
    prefix: TOKEN_PREFIX,
    async issue(apiKey, apiSecret) {
      if (!isSecret(apiKey, APP_KEY_PREFIX) || !isSecret(apiSecret, APP_SECRET_PREFIX)) {
        throw wrongPair();
      }
      const found = await apps.byKeyHash(hashSecret(apiKey));
      if (found === undefined || !isSame(found.app.secretHash, hashSecret(apiSecret))) {
        throw wrongPair();
      }
      const { app } = found;
      if (app.state !== 'active') throw new Fault('invalid_api_key', { message: REVOKED });
      const expiresMs = clock.nowMs() + TOKEN_LIFE_S * MS_PER_S;
      const said = [app.id, app.accountId, app.generation, expiresMs].join('.');
      return signer.sign(TOKEN_PREFIX + said);
    },
    identify(token) {
      const said = signer.open(token);
      if (said === null) throw new Fault('invalid_access_token');
      const [id = '', accountId, generation, expires] = said.slice(TOKEN_PREFIX.length).split('.');
      if (!(Number(expires) > clock.nowMs())) {
        throw new Fault('invalid_access_token', {
          message: 'This access token has expired. Ask for a new one at POST /oauth/token.',
        });
      }
      const check = (known: KnownApp | undefined): Caller => {
        const app = known?.app;
        const same = app?.accountId === accountId && app?.generation === Number(generation);
        if (known !== undefined && app?.state === 'active' && same) return known.caller;
        throw new Fault('invalid_access_token', { message: REVOKED });
      };
      const known = states.find(id);
      return known instanceof Promise ? known.then(check) : check(known);
    },
  };
}

const REVOKED = 'The app of this credential was revoked. Make a new app.';

function wrongPair(): Fault {
  return new Fault('invalid_api_key', {
    message: "This API key and secret are not an app's. Copy both again, or make a new app.",
  });
}

function prepareApp({ app, accountUnlimited }: FoundApp): KnownApp {
  const caller = { key: keyOfApp(app), models: null, addresses: null, unlimited: accountUnlimited };
  return Object.freeze({ app, caller: Object.freeze(caller) });
}

/** To limits and books an app is a key of its account that bears the app's id. */
function keyOfApp(app: AppRow): KeyRow {
  return Object.freeze({
    id: app.id,
    accountId: app.accountId,
    name: app.name,
    hash: app.keyHash,
    hint: app.keyHint,
    role: 'caller',
    state: 'active',
    createdMs: app.createdMs,
    expiresMs: null,
    models: null,
    addresses: null,
    requestsPerMinute: APP_REQUESTS_PER_MINUTE,
    tokensPerMinute: null,
    concurrency: 0,
    budget: null,
    onDisconnect: 'drain',
    contract: app.contract,
    rescue: null,
  });
}
