/** Proves that a webhook is the gateway's, by the Standard Webhooks rules. */
import { GangwayError, parseJson } from './errors.mjs';

const TOLERANCE_S = 5 * 60;
const SECRET_PREFIX = 'whsec_';
const SIGNATURES_MAX = 20;
const encoder = new TextEncoder();

/** @type {import('./index.d.mts').verifyWebhook} */
export async function verifyWebhook({ headers, body, secret, toleranceS = TOLERANCE_S, clock }) {
  const id = headerOf(headers, 'webhook-id');
  const stamp = headerOf(headers, 'webhook-timestamp');
  const given = headerOf(headers, 'webhook-signature');
  checkTime(stamp, { toleranceS, nowMs: clock?.nowMs() ?? Date.now() });
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const signed = join(encoder.encode(`${id}.${stamp}.`), bytes);
  const signatures = given
    .split(/\s+/)
    .filter((one) => one.startsWith('v1,'))
    .slice(0, SIGNATURES_MAX)
    .map((one) => readBase64(one.slice('v1,'.length)));
  for (const text of [secret].flat()) {
    const key = await importKey(text);
    for (const signature of signatures) {
      // Compares in constant time.
      const isGood =
        signature !== null && (await crypto.subtle.verify('HMAC', key, signature, signed));
      if (isGood) return { id, timestamp: Number(stamp), payload: payloadOf(bytes) };
    }
  }
  throw refuse('No signature is right: another secret, or another body than was sent.');
}

/** A bag of headers of any kind: fetch's, Node's, or a plain object. */
function headerOf(headers, name) {
  const found =
    typeof headers.get === 'function'
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const value = Array.isArray(found) ? found[0] : found;
  if (typeof value === 'string' && value !== '') return value;
  throw refuse(`The header ${name} is missing.`);
}

function checkTime(stamp, { toleranceS, nowMs }) {
  if (!/^\d{1,12}$/.test(stamp)) throw refuse('webhook-timestamp is not a time in seconds.');
  const awayS = nowMs / 1_000 - Number(stamp);
  if (awayS > toleranceS) throw refuse('The webhook is too old.');
  if (awayS < -toleranceS) throw refuse('The webhook is from the future: check the clocks.');
}

async function importKey(secret) {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  const bytes = readBase64(text);
  if (bytes === null || bytes.length === 0) {
    throw refuse('The secret must be whsec_ and base64.');
  }
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
  ]);
}

function readBase64(text) {
  try {
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  } catch {
    return null;
  }
}

function join(head, tail) {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function payloadOf(bytes) {
  const payload = parseJson(new TextDecoder().decode(bytes));
  if (payload === undefined) throw refuse('The body is not JSON.');
  return payload;
}

function refuse(message) {
  return new GangwayError('invalid_webhook', message);
}
