import { isIP, isIPv4 } from 'node:net';

/** Addresses of IPv4 or IPv6 that begin with the same bits. */
export interface Subnet {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Parses an address or a range such as '10.0.0.0/8'; undefined: it is neither. */
export function parseSubnet(entry: string): Subnet | undefined {
  const [, written = '', length] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const address = plainAddress(written);
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const isMapped = address !== written;
  const bits = length === undefined ? most : Number(length) - (isMapped ? 96 : 0);
  if (version === 0 || bits < 0 || bits > most) return undefined;
  return { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
}

/** Returns an IPv4 address without the prefix that IPv6 sockets put before it; others as they are. */
export function plainAddress(address: string): string {
  return /^::ffff:/i.test(address) && isIPv4(address.slice(7)) ? address.slice(7) : address;
}
