/**
 * The outbound client for addresses that others chose: webhooks, links of results. It looks a name
 * up once, refuses what is not of the public internet, and connects to the very address it checked.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseCidrs, plainAddress } from './cidr.ts';
import { systemClock } from './clock.ts';
import { type Outbound, OutboundError, type OutboundReply, type OutboundRequest } from './fetch.ts';

/** Special addresses (IANA's registries): this host's, private nets', the cloud's metadata. */
const SPECIAL_V4 = parseCidrs([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // A cloud's own services for its machines, at an address that looks public.
  '168.63.129.16',
]);
const PUBLIC_V6 = parseCidrs(['2000::/3']);
/** Parts of the public range that lead elsewhere: Teredo and others, documentation, 6to4. */
const SPECIAL_V6 = parseCidrs(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);
/** Ports of other protocols, of whose servers a request could ask something (WHATWG Fetch, 2.9). */
const BAD_PORTS: ReadonlySet<number> = new Set([
  ...[1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101],
  ...[102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389],
  ...[427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636],
  ...[989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665],
  ...[6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);
/** Addresses of one name that are tried where no connection stands. */
const ADDRESSES_MAX = 4;
const LOOKUP_MS = 5_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export type GuardReason =
  | 'not_a_url'
  | 'scheme'
  | 'credentials'
  | 'port'
  | 'unknown_name'
  | 'private_address';

export class GuardError extends Error {
  readonly reason: GuardReason;

  constructor(reason: GuardReason, url: string) {
    super(`outbound address refused (${reason}): ${url.slice(0, 200)}`);
    this.reason = reason;
  }
}

export interface GuardedRequest extends Omit<OutboundRequest, 'serverName'> {
  /** Hosts, with their port where it is not the scheme's, that are trusted for this request. */
  readonly trusted?: readonly string[];
  /** Redirects that are followed, each checked anew. Absent: none. */
  readonly redirectsMax?: number;
}

export interface Guard {
  /** Throws a GuardError before anything is sent. */
  send(request: GuardedRequest): Promise<OutboundReply>;
  /** Whether a request to this URL would be sent, as far as can be told now. */
  check(url: string): Promise<void>;
}

export type Resolve = (name: string) => Promise<readonly string[]>;

export const systemResolve: Resolve = async (name) => {
  const late = Promise.withResolvers<never>();
  const takeBack = systemClock.after(LOOKUP_MS, () => late.reject(new Error('DNS is silent')));
  try {
    const found = await Promise.race([lookup(name, { all: true }), late.promise]);
    return found.map(({ address }) => address);
  } finally {
    takeBack();
  }
};

export function isPublicAddress(address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  if (family === 4) return !SPECIAL_V4.has(plain);
  // An IPv4 address in any IPv6 clothes is outside of 2000::/3, or in 6to4.
  return family === 6 && PUBLIC_V6.has(plain) && !SPECIAL_V6.has(plain);
}

/** `allowed`: hosts (or host:port) that the operator trusts by name, whatever their address. */
export function makeGuard(outbound: Outbound, resolve: Resolve, allowed: readonly string[]): Guard {
  const place = async (text: string, trusted: readonly string[]) => {
    const url = readUrl(text);
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    const named = [url.host, hostname, url.hostname, `${url.hostname}:${portOf(url)}`];
    const isTrusted = [...allowed, ...trusted].some((one) => named.includes(one.toLowerCase()));
    if (isTrusted) return { url, addresses: [] };
    if (BAD_PORTS.has(portOf(url))) throw new GuardError('port', url.href);
    const addresses = isIP(hostname) === 0 ? await resolveName(hostname, url.href) : [hostname];
    // One bad address among good ones is how a name is bent to point inside.
    if (addresses.length === 0) throw new GuardError('unknown_name', url.href);
    if (!addresses.every(isPublicAddress)) throw new GuardError('private_address', url.href);
    return { url, addresses: addresses.slice(0, ADDRESSES_MAX) };
  };
  const resolveName = async (name: string, url: string): Promise<readonly string[]> => {
    try {
      return await resolve(name);
    } catch {
      throw new GuardError('unknown_name', url);
    }
  };
  return {
    async check(url) {
      await place(url, []);
    },
    async send(request) {
      const { trusted = [], redirectsMax = 0, ...plain } = request;
      let { url: text } = request;
      for (let hops = 0; ; hops += 1) {
        const { url, addresses } = await place(text, trusted);
        const reply = await sendTo(addresses, url, (one) =>
          outbound(pinned({ ...plain, url: url.href }, url, one)),
        );
        const next = reply.header('location');
        if (hops >= redirectsMax || next === null || !REDIRECTS.has(reply.status)) return reply;
        reply.close();
        if (!URL.canParse(next, url.href)) throw new GuardError('not_a_url', next);
        text = new URL(next, url).href;
      }
    },
  };
}

function readUrl(text: string): URL {
  let url: URL;
  try {
    // Also turns decimal, octal and short forms of IPv4 into the usual one.
    url = new URL(text);
  } catch {
    throw new GuardError('not_a_url', text);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new GuardError('scheme', text);
  if (url.username !== '' || url.password !== '') throw new GuardError('credentials', url.host);
  return url;
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}

/** The first address that a connection stands to: where none stood, nothing was sent. */
async function sendTo(
  addresses: readonly string[],
  url: URL,
  send: (address: string | null) => Promise<OutboundReply>,
): Promise<OutboundReply> {
  let failure: unknown = new GuardError('unknown_name', url.href);
  for (const address of addresses.length === 0 ? [null] : addresses) {
    try {
      return await send(address);
    } catch (error) {
      if (!(error instanceof OutboundError) || error.kind !== 'connect') throw error;
      failure = error;
    }
  }
  throw failure;
}

/** To this address, under the name's own certificate and Host. */
function pinned(request: OutboundRequest, url: URL, address: string | null): OutboundRequest {
  if (address === null) return request;
  const at = new URL(url);
  at.hostname = isIP(address) === 6 ? `[${address}]` : address;
  const headers = { ...request.headers, host: url.host };
  return { ...request, url: at.href, headers, serverName: url.hostname.replace(/^\[|\]$/g, '') };
}
