/**
 * Gemini models on Google Cloud (Vertex AI). The credential is the JSON of a service account, which
 * is traded for a token. The base URL names project and place:
 * https://aiplatform.googleapis.com/v1/projects/PROJECT/locations/global
 */
import { createSign } from 'node:crypto';
import { isObject, type Json, parseJson } from '../kit/json.ts';
import type { TokenMeter, Trade, Vendor } from './shape.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Google takes an hour at most. */
const ASSERTION_LIFE_S = 3_600;
const MS_PER_S = 1_000;

const METER = {
  input: '/usageMetadata/promptTokenCount',
  inputMore: ['/usageMetadata/toolUsePromptTokenCount'],
  output: '/usageMetadata/candidatesTokenCount',
  sparse: true,
  cachedInput: ['/usageMetadata/cachedContentTokenCount'],
  reasoning: ['/usageMetadata/thoughtsTokenCount'],
  reasoningApart: true,
} satisfies TokenMeter;

interface Account {
  readonly email: string;
  readonly key: string;
  readonly keyId: string;
  readonly tokenUrl: string;
}

/** Throws where the credential is not the JSON of a service account. */
function readAccount(credential: string): Account {
  const account = parseJson(credential);
  if (!isObject(account) || account.type !== 'service_account') {
    throw new Error('the credential is not the JSON of a service account');
  }
  const text = (field: string): string => {
    const value = account[field];
    if (typeof value === 'string' && value !== '') return value;
    throw new Error(`the service account has no ${field}`);
  };
  return {
    email: text('client_email'),
    key: text('private_key'),
    keyId: text('private_key_id'),
    tokenUrl: text('token_uri'),
  };
}

const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** RFC 7523: a JWT by which the account asks for a token. */
function assertionOf(account: Account, nowMs: number): string {
  const issuedS = Math.floor(nowMs / MS_PER_S);
  const claims = {
    iss: account.email,
    scope: SCOPE,
    aud: account.tokenUrl,
    iat: issuedS,
    exp: issuedS + ASSERTION_LIFE_S,
  };
  const head = { alg: 'RS256', typ: 'JWT', kid: account.keyId };
  const signed = `${encode(head)}.${encode(claims)}`;
  const proof = createSign('RSA-SHA256').update(signed).sign(account.key, 'base64url');
  return `${signed}.${proof}`;
}

const TRADE: Trade = Object.freeze({
  request(credential, nowMs) {
    const account = readAccount(credential);
    const assertion = assertionOf(account, nowMs);
    return {
      url: account.tokenUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
    };
  },
  read(reply) {
    if (!isObject(reply) || typeof reply.access_token !== 'string') return null;
    const { access_token: token, expires_in: lifeS } = reply;
    return typeof lifeS === 'number' && lifeS > 0 ? { token, lifeS } : null;
  },
} satisfies Trade);

export default Object.freeze({
  id: 'vertex',
  name: 'Google Vertex AI',
  baseUrl: '',
  keyEnv: [],
  auth: { header: 'authorization', prefix: 'Bearer ', trade: TRADE },
  services: {
    chat: [
      {
        path: '/publishers/google/models/{model}:generateContent',
        streamPath: '/publishers/google/models/{model}:streamGenerateContent?alt=sse',
        dialect: 'gemini-generate',
        streamUsage: 'always',
        meter: METER,
      },
    ],
    tokenization: [
      {
        path: '/publishers/google/models/{model}:countTokens',
        dialect: 'gemini-generate-count',
        meter: {},
        free: true,
      },
    ],
  },
  causes: {
    INVALID_ARGUMENT: 'caller',
    FAILED_PRECONDITION: 'caller',
    OUT_OF_RANGE: 'caller',
    UNAUTHENTICATED: 'credential',
    // Also what a key without the role says, and a project without the service or its billing.
    PERMISSION_DENIED: 'credential',
    SERVICE_DISABLED: 'account',
    BILLING_DISABLED: 'account',
    NOT_FOUND: 'model',
    CANCELLED: 'down',
    INTERNAL: 'down',
    UNAVAILABLE: 'down',
    DEADLINE_EXCEEDED: 'down',
  },
  errorAt: { code: ['/error/details/0/reason', '/error/status'], message: '/error/message' },
  docs: 'https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest',
  checked: '2026-11-26',
} satisfies Vendor);
