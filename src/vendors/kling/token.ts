/** The token that each request to Kling carries: a JWT that its access key signs for itself. */
import { createHmac } from 'node:crypto';
import type { SignAsk } from '../shape.ts';

const LIFE_S = 1_800;
/** Clocks differ. */
const EARLY_S = 5;
const MS_PER_S = 1_000;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** From "AK:SK", or "AK|SK" as some gateways write it. */
export function bearer({ credential, nowMs }: SignAsk): Readonly<Record<string, string>> {
  const [, accessKey, secretKey] = /^([^:|\s]+)[:|](\S+)$/.exec(credential) ?? [];
  if (accessKey === undefined || secretKey === undefined) {
    throw new Error('a Kling credential is an access key and a secret key, written AK:SK');
  }
  const nowS = Math.floor(nowMs / MS_PER_S);
  const claims = { iss: accessKey, exp: nowS + LIFE_S, nbf: nowS - EARLY_S };
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  const mac = createHmac('sha256', secretKey).update(text).digest('base64url');
  return { authorization: `Bearer ${text}.${mac}` };
}
