/**
 * The outbound client for addresses that others chose: webhooks, links of results. It looks a name
 * up once, refuses what is not of the public internet, and connects to the very address it checked.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseCidrs, plainAddress } from './cidr.ts';
import type { Outbound, OutboundReply, OutboundRequest } from './fetch.ts';

/** Special addresses (IANA's registries): this host's, private nets', the cloud's metadata. */
const SPECIAL_V4 = parseCidrs([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
]);
const PUBLIC_V6 = parseCidrs(['2000::/3']);
/** Parts of the public range that lead elsewhere: Teredo and others, documentation, 6to4. */
const SPECIAL_V6 = parseCidrs(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export type GuardReason =
  | 'not_a_url'
  | 'scheme'
  | 'credentials'
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
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
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
    const isTrusted = [...allowed, ...trusted].some((one) => one === url.host || one === hostname);
    if (isTrusted) return { url, address: null };
    const addresses = isIP(hostname) === 0 ? await resolveName(hostname, url.href) : [hostname];
    // One bad address among good ones is how a name is bent to point inside.
    if (addresses.length === 0) throw new GuardError('unknown_name', url.href);
    if (!addresses.every(isPublicAddress)) throw new GuardError('private_address', url.href);
    return { url, address: addresses[0] ?? null };
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
        const { url, address } = await place(text, trusted);
        const reply = await outbound(pinned({ ...plain, url: url.href }, url, address));
        const next = reply.header('location');
        if (hops >= redirectsMax || next === null || !REDIRECTS.has(reply.status)) return reply;
        reply.close();
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

/** To this address, under the name's own certificate and Host. */
function pinned(request: OutboundRequest, url: URL, address: string | null): OutboundRequest {
  if (address === null) return request;
  const at = new URL(url);
  at.hostname = isIP(address) === 6 ? `[${address}]` : address;
  const headers = { ...request.headers, host: url.host };
  return { ...request, url: at.href, headers, serverName: url.hostname.replace(/^\[|\]$/g, '') };
}
