/** Sets of addresses in CIDR notation, both families; mapped IPv4 counts as IPv4. */
import { BlockList, isIP } from 'node:net';

export interface CidrSet {
  has(address: string): boolean;
}

/** Throws an Error that names the range which is not one. A bare address is a range of one. */
export function parseCidrs(ranges: readonly string[]): CidrSet {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...more] = range.trim().split('/');
    const family = isIP(address);
    const width = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? width : Number(bits);
    // Number('') is 0, which would let everybody in.
    const good = more.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
    if (family === 0 || !good || prefix > width) {
      throw new Error(`"${range}" is not an address or a CIDR range such as 10.0.0.0/8`);
    }
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    has(address) {
      const plain = plainAddress(address);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/** `::ffff:10.0.0.1` -> `10.0.0.1`; anything else as it is. */
export function plainAddress(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.')
    ? address.slice('::ffff:'.length)
    : address;
}
