import { isIPv6 } from 'node:net';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** A header of version 2 of the PROXY protocol; an address of IPv6 is given with all its groups. */
export function binaryHeader(
  address: string,
  port: number,
  { command = 0x21, kind = isIPv6(address) ? 0x21 : 0x11, behind = 0 } = {},
): Buffer {
  const source = isIPv6(address)
    ? Buffer.from(
        address
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join(''),
        'hex',
      )
    : Buffer.from(address.split('.').map(Number));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port);
  const rest = Buffer.concat([source, Buffer.alloc(source.length), ports, Buffer.alloc(behind)]);
  const fixed = Buffer.from([command, kind, rest.length >> 8, rest.length & 0xff]);
  return Buffer.concat([SIGNATURE, fixed, rest]);
}
