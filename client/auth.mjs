/** Access tokens that renew themselves, and a fetch that uses them. */
import { faultIn, GangwayError, parseJson } from './errors.mjs';

/** How long before its end a token is renewed; a short-lived one at nine tenths of its life. */
const RENEW_EARLY_MS = 5 * 60_000;
const RENEW_EARLY_SHARE = 0.1;
const RETRIES = 2;
const RETRY_DELAY_MS = 1_000;
const TOKEN_TIMEOUT_MS = 30_000;
const RENEWED = new Set(['invalid_api_key', 'invalid_access_token']);

const systemClock = {
  nowMs: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** @type {import('./index.d.mts').gangwayAuth} */
export function gangwayAuth(options) {
  const root = rootOf(options.baseUrl);
  const settings = {
    root,
    origin: new URL(root).origin,
    pair: JSON.stringify({
      grant_type: 'client_credentials',
      client_id: options.apiKey,
      client_secret: options.apiSecret,
    }),
    // Looked up at each call, so that a fetch that is replaced later is the one that is used.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock: options.clock ?? systemClock,
    retries: options.retries ?? RETRIES,
    retryDelayMs: options.retryDelayMs ?? RETRY_DELAY_MS,
  };
  const tokens = keepToken(settings);
  return Object.freeze({
    token: () => tokens.get(),
    fetch: (input, init) => fetchWithToken({ input, init }, tokens, settings),
  });
}

/** People give the gateway's address or the base URL of its API; both mean the same gateway. */
function rootOf(baseUrl) {
  return String(baseUrl)
    .replace(/\/+$/, '')
    .replace(/(\/api\/doubao)?\/v1$/, '');
}

/** One token for all; however many ask, one request is made for the next. */
function keepToken(settings) {
  let token = null;
  let renewAtMs = 0;
  let asking = null;
  const ask = async () => {
    const askedMs = settings.clock.nowMs();
    const given = await askToken(settings);
    const lifeMs = given.expires_in * 1_000;
    token = given.access_token;
    renewAtMs = askedMs + lifeMs - Math.min(RENEW_EARLY_MS, lifeMs * RENEW_EARLY_SHARE);
    return token;
  };
  const renew = () => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
  return {
    get: async () => (token !== null && settings.clock.nowMs() < renewAtMs ? token : renew()),
    /** Another token than the one that was refused, unless somebody has it already. */
    after: async (refused) => (token !== null && token !== refused ? token : renew()),
  };
}

async function askToken(settings) {
  const init = () => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: settings.pair,
    // A redirect would carry the secret to wherever it points.
    redirect: 'error',
    signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
  });
  const send = () => settings.fetch(`${settings.root}/oauth/token`, init());
  const response = await withRetries(send, { settings });
  const text = await response.text();
  const body = parseJson(text);
  if (response.ok && typeof body?.access_token === 'string' && body.expires_in > 0) return body;
  const detail = { status: response.status, body: body ?? text };
  const fault = response.ok ? null : faultIn(body, detail);
  throw fault ?? new GangwayError('no_token', 'No access token was given.', detail);
}

async function fetchWithToken(call, tokens, settings) {
  const sender = await makeSender(call, settings);
  let token = null;
  const send = () => sender.send(token);
  const wish = { settings, once: sender.once, signal: sender.signal };
  try {
    token = await tokens.get();
    const response = await withRetries(send, wish);
    if (sender.once || !(await wantsRenewal(response))) return response;
    await drop(response);
    token = await tokens.after(token);
  } catch (error) {
    // That key and secret are refused is an answer, which clients know how to raise.
    if (error instanceof GangwayError && error.status !== null) return answerOf(error);
    throw error;
  }
  return withRetries(send, wish);
}

/** Sends the same request as often as needed; `once` where its body cannot be sent again. */
async function makeSender({ input, init = {} }, settings) {
  const isRequest = typeof input === 'object' && 'headers' in input && 'url' in input;
  const url = isRequest ? input.url : String(input);
  if (new URL(url).origin !== settings.origin) {
    throw new GangwayError('other_origin', `The token is for ${settings.origin} only, not ${url}.`);
  }
  const given = isRequest ? await partsOf(input, init) : init;
  return {
    once: given.body instanceof ReadableStream,
    signal: given.signal ?? null,
    send: (token) => {
      const headers = new Headers(given.headers);
      headers.set('authorization', `Bearer ${token}`);
      return settings.fetch(url, { ...given, headers });
    },
  };
}

/** A Request can be read once; its parts as often as one likes. */
async function partsOf(request, init) {
  const { method, headers, signal, redirect } = request;
  const body = request.body === null ? undefined : await request.arrayBuffer();
  return { method, headers, signal, redirect, body, ...init };
}

/** Tries again after a 5xx, unless the gateway says that it makes no sense. */
async function withRetries(send, { settings, once = false, signal = null }) {
  for (let left = once ? 0 : settings.retries; ; left -= 1) {
    const response = await send();
    if (response.status < 500 || response.headers.get('x-should-retry') === 'false') {
      return response;
    }
    // Clients with retries of their own would multiply ours.
    if (left <= 0) return once ? response : withHeader(response, 'x-should-retry', 'false');
    await drop(response);
    await pause(settings, signal);
  }
}

async function pause({ clock, retryDelayMs }, signal) {
  signal?.throwIfAborted();
  let stop;
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason);
    signal?.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([clock.sleep(retryDelayMs), aborted]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** The code in the body decides, not the status alone. */
async function wantsRenewal(response) {
  if (response.status < 400 || response.status >= 500) return false;
  const text = await response
    .clone()
    .text()
    .catch(() => '');
  return RENEWED.has(faultIn(parseJson(text))?.code);
}

function withHeader(response, name, value) {
  const headers = new Headers(response.headers);
  headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

function answerOf(error) {
  const { body, status } = error;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'x-should-retry': 'false' };
  return new Response(text, { status: status >= 400 ? status : 502, headers });
}

/** Lets go of the connection. */
async function drop(response) {
  await response.body?.cancel().catch(() => undefined);
}
