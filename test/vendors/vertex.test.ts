/** A service account's way to a token: what is asked, how it is proved, what the answer means. */
import { describe, expect, test } from 'bun:test';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import vertex from '../../src/vendors/vertex.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ACCOUNT = {
  type: 'service_account',
  project_id: 'p-1',
  private_key_id: 'key-1',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  client_email: 'gateway@p-1.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};
const NOW_MS = 1_790_000_000_999;
const { trade } = vertex.auth;

describe('the request for a token', () => {
  const request = trade.request(JSON.stringify(ACCOUNT), NOW_MS);
  const form = new URLSearchParams(request.body);
  const [head = '', claims = '', proof = ''] = (form.get('assertion') ?? '').split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

  test('goes where the account says, as a form', () => {
    expect(request.url).toBe(ACCOUNT.token_uri);
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  });

  test('claims an hour from now for this account, and nothing else', () => {
    expect(read(head)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' });
    expect(read(claims)).toEqual({
      iss: ACCOUNT.client_email,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: ACCOUNT.token_uri,
      iat: 1_790_000_000,
      exp: 1_790_003_600,
    });
  });

  test('is signed by the key of the account', () => {
    const verify = (signed: string) =>
      createVerify('RSA-SHA256').update(signed).verify(publicKey, proof, 'base64url');
    expect(verify(`${head}.${claims}`)).toBe(true);
    expect(verify(`${head}.${claims}x`)).toBe(false);
  });
});

test.each([
  ['not json', 'not the JSON of a service account'],
  [JSON.stringify({ ...ACCOUNT, type: 'authorized_user' }), 'not the JSON of a service account'],
  [JSON.stringify({ ...ACCOUNT, client_email: '' }), 'client_email'],
  [JSON.stringify({ ...ACCOUNT, private_key: 7 }), 'private_key'],
])('a credential that is none is refused before anything is sent, and not shown', (text, says) => {
  expect(() => trade.request(text, NOW_MS)).toThrow(says);
});

test('the answer holds a token and its life, or nothing', () => {
  const answer = { access_token: 'ya29.x', expires_in: 3599, token_type: 'Bearer' };
  expect(trade.read(answer)).toEqual({ token: 'ya29.x', lifeS: 3599 });
  for (const other of [null, {}, { ...answer, expires_in: 0 }, { ...answer, access_token: 1 }]) {
    expect(trade.read(other)).toBeNull();
  }
});
