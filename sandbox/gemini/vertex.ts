/**
 * Vertex AI: the same methods behind OAuth. A signed assertion of the service account is traded for
 * a token (RFC 7523, https://developers.google.com/identity/protocols/oauth2/service-account).
 */
import { verify } from 'node:crypto';
import { isObject, type JsonObject, parseJson } from '../../src/kit/json.ts';
import { nowMs, nowS } from '../clock.ts';
import { bearerOf, type Mount, refuse, sendJson, serveCall, type Visit } from '../service.ts';
import { ACCOUNT_EMAIL, ACCOUNT_KEY_ID, ACCOUNT_PUBLIC, accountFile } from './account.ts';
import { VERTEX_ERRORS } from './errors.ts';
import { type Base, modelService } from './service.ts';

const ID = 'vertex';
const PATH = '/vertex';
const PROJECT = 'sandbox-project';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const TOKEN_LIFE_S = 3_600;
/** Clocks may differ by this much. */
const SKEW_S = 300;
const MODELS = ['gemini-3.1-pro-preview', 'gemini-2.5-pro', 'gemini-2.5-flash'];

function baseFor({ state }: Visit): Base {
  return {
    id: ID,
    path: PATH,
    errors: VERTEX_ERRORS,
    refused: (request) => {
      const token = bearerOf(request);
      if (token === '') return 'no-key';
      return state.memory.isIssued(token, nowMs()) ? null : 'bad-key';
    },
    mark: (n) => ({ id: `vertex-${n}`, headers: {} }),
  };
}

function decode(part: string | undefined): JsonObject {
  const read = parseJson(Buffer.from(part ?? '', 'base64url').toString());
  return isObject(read) ? read : {};
}

/** Why an assertion buys no token, in Google's words; null where it does. */
function assertionFault(assertion: string, audience: string): string | null {
  const [head, claims, signature] = assertion.split('.');
  if (signature === undefined) return 'Invalid JWT: Token must be a short-lived token.';
  const { alg, kid } = decode(head);
  if (alg !== 'RS256') return 'Invalid JWT Signature.';
  if (kid !== undefined && kid !== ACCOUNT_KEY_ID) return 'Invalid JWT Signature.';
  const signed = Buffer.from(`${head}.${claims}`);
  const isSigned = verify(
    'RSA-SHA256',
    signed,
    ACCOUNT_PUBLIC,
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return 'Invalid JWT Signature.';
  const { iss, aud, exp, iat, scope } = decode(claims);
  if (iss !== ACCOUNT_EMAIL) return 'Invalid grant: account not found';
  if (aud !== audience) return 'Invalid JWT: Failed audience check.';
  const now = nowS();
  const isTimed =
    typeof exp === 'number' &&
    typeof iat === 'number' &&
    iat <= now + SKEW_S &&
    exp > now - SKEW_S &&
    exp - iat <= TOKEN_LIFE_S;
  if (!isTimed) {
    return (
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable ' +
      'timeframe. Check your iat and exp values in the JWT claim.'
    );
  }
  return String(scope ?? '').includes(SCOPE) ? null : 'Invalid OAuth scope or ID token audience.';
}

async function trade({ state, request, wire }: Visit): Promise<void> {
  const form = new URLSearchParams(new TextDecoder().decode(request.body));
  if (form.get('grant_type') !== GRANT) {
    const error_description = `Invalid grant_type: ${form.get('grant_type')}`;
    return sendJson(wire, 400, { error: 'unsupported_grant_type', error_description });
  }
  const audience = `http://${request.headers.get('host')}${PATH}/token`;
  const fault = assertionFault(form.get('assertion') ?? '', audience);
  if (fault !== null) {
    return sendJson(wire, 400, { error: 'invalid_grant', error_description: fault });
  }
  const token = `ya29.sandbox-${Bun.hash(form.get('assertion') ?? '').toString(36)}`;
  state.memory.issue(token, nowMs() + TOKEN_LIFE_S * 1_000);
  const expires = { expires_in: TOKEN_LIFE_S - 1, token_type: 'Bearer' };
  return sendJson(wire, 200, { access_token: token, ...expires });
}

const PLACE =
  /^\/v1(?:beta1)?\/projects\/([^/]+)\/locations\/[^/]+\/publishers\/google\/models\/([^/:]+):(\w+)$/;

async function serve(visit: Visit): Promise<void> {
  const { place, request } = visit;
  if (place === '/token' && request.method === 'POST') return trade(visit);
  const [, project, model, method] = PLACE.exec(place) ?? [];
  const base = baseFor(visit);
  const known = model !== undefined && method !== undefined && request.method === 'POST';
  const service = known ? modelService(base, decodeURIComponent(model), method) : null;
  if (service === null) return refuse(visit, base, { kind: 'route' });
  const refused = base.refused(request);
  if (refused === null && project !== PROJECT) return refuse(visit, base, { kind: 'route' });
  return serveCall(visit, service);
}

export const VERTEX: Mount = {
  id: ID,
  path: PATH,
  // The key is the account's file, which names the place of its tokens: see `extra`.
  key: null,
  models: MODELS,
  extra: (url) => ({
    key: accountFile(url),
    base_url: `${url}${PATH}/v1/projects/${PROJECT}/locations/global/publishers/google`,
    project: PROJECT,
    location: 'global',
    token_url: `${url}${PATH}/token`,
  }),
  serve,
};
