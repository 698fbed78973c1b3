/** Apps: what one must say to have one, and what it gets. */
import { Fault } from '../kit/fault.ts';
import { hashSecret, newId, newSecret } from '../kit/ids.ts';
import type { AppRow } from '../storage/ports.ts';

export const APP_KEY_PREFIX = 'ak-gw-';
export const APP_SECRET_PREFIX = 'as-gw-';

const NAME_CHARS_MAX = 100;
const SCENARIO_CHARS_MAX = 1_000;
const DOMAIN_CHARS_MAX = 255;
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?$/;

/** What a person says of a new app. */
export interface AppWish {
  readonly accountId: string;
  readonly name: string;
  readonly callbackDomain: string;
  readonly scenario: string;
  /** null: every field that the route itself takes. */
  readonly contract: AppRow['contract'];
}

export interface MintedApp {
  readonly row: AppRow;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** A new app with its key and secret, which exist nowhere else: show them once. Faults by field. */
export function mintApp(wish: AppWish, nowMs: number): MintedApp {
  const apiKey = newSecret(APP_KEY_PREFIX);
  const apiSecret = newSecret(APP_SECRET_PREFIX);
  const row: AppRow = {
    id: newId('app'),
    accountId: wish.accountId,
    name: checkText('name', wish.name, NAME_CHARS_MAX),
    callbackDomain: checkDomain(wish.callbackDomain),
    scenario: checkText('scenario', wish.scenario, SCENARIO_CHARS_MAX),
    keyHash: hashSecret(apiKey),
    keyHint: apiKey.slice(-4),
    secretHash: hashSecret(apiSecret),
    state: 'active',
    contract: wish.contract,
    generation: 1,
    createdMs: nowMs,
  };
  return { row, apiKey, apiSecret };
}

function checkText(field: string, text: string, charsMax: number): string {
  const trimmed = text.trim();
  if (trimmed !== '' && trimmed.length <= charsMax) return trimmed;
  throw new Fault('invalid_request', {
    message: `${field} must be a text of 1 to ${charsMax} characters.`,
    param: field,
  });
}

/** A host name, as browsers write it: in lower case, other scripts in their ASCII form. */
function checkDomain(text: string): string {
  const trimmed = text.trim();
  const url = /[\s/@?#\\]/.test(trimmed) ? null : URL.parse(`http://${trimmed}`);
  const host = url?.host ?? '';
  if (host.length <= DOMAIN_CHARS_MAX && DOMAIN.test(host)) return host;
  throw new Fault('invalid_request', {
    message: 'callback_domain must be a domain such as app.example.com, without scheme or path.',
    param: 'callback_domain',
  });
}
