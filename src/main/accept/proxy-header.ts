import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/*
 * The header of the PROXY protocol, which a proxy sends ahead of all that its client sends.
 *
 *   version 1, one line      PROXY TCP4 203.0.113.5 192.0.2.1 41234 443\r\n
 *
 *   version 2, in binary     byte  0 ─ 12  the signature
 *                                 12       version 2 in the upper half; 0 LOCAL, 1 PROXY
 *                                 13       1 IPv4, 2 IPv6 in the upper half; 1 TCP
 *                                 14 ─ 16  the number of bytes that follow
 *                                 16       addresses of source and destination, their ports
 *                                          further fields, which do not count here
 */

/** The client as its proxy names it; named as in the sockets of Node.js. */
export interface ProxiedClient {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: 'IPv4' | 'IPv6';
}

/** A header that is whole. */
interface ProxyHeader {
  /** Its bytes. */
  readonly length: number;
  /** Undefined: the proxy speaks for itself, or names no TCP client. */
  readonly client: ProxiedClient | undefined;
}

const LINE_BEGIN = Buffer.from('PROXY ');
const MOST_LINE = 107;
const LINE =
  /^PROXY (?:UNKNOWN(?: [ -~]*)?|TCP([46]) ([\d.a-fA-F:]+) ([\d.a-fA-F:]+) (\d{1,5}) (\d{1,5}))$/;
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const FIXED = 16;
/** The most bytes behind the fixed part of version 2: proxies send a few hundred. */
const MOST_REST = 4096;

/**
 * Parses the header at the beginning of a connection's bytes.
 * @returns 'incomplete' where more bytes are needed, 'malformed' where there is none
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' {
  if (beginsAs(bytes, SIGNATURE)) return parseBinary(bytes);
  return beginsAs(bytes, LINE_BEGIN) ? parseLine(bytes) : 'malformed';
}

/** Whether bytes begin with others, as far as they have come. */
function beginsAs(bytes: Buffer, others: Buffer): boolean {
  const length = Math.min(bytes.length, others.length);
  return bytes.compare(others, 0, length, 0, length) === 0;
}

function parseLine(bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' {
  const end = bytes.subarray(0, MOST_LINE).indexOf('\r\n');
  if (end === -1) return bytes.length < MOST_LINE ? 'incomplete' : 'malformed';
  const parts = LINE.exec(bytes.toString('latin1', 0, end));
  if (parts === null) return 'malformed';
  const length = end + 2;
  const [, version, source = '', destination = '', port, toPort] = parts;
  if (version === undefined) return { length, client: undefined };
  const isAddress = version === '4' ? isIPv4 : isIPv6;
  const areGood = isAddress(source) && isAddress(destination);
  if (!areGood || Number(port) > 65_535 || Number(toPort) > 65_535) return 'malformed';
  const remoteFamily = version === '4' ? 'IPv4' : 'IPv6';
  return { length, client: { remoteAddress: source, remotePort: Number(port), remoteFamily } };
}

function parseBinary(bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' {
  if (bytes.length < FIXED) return 'incomplete';
  const command = bytes.readUInt8(12);
  const rest = bytes.readUInt16BE(14);
  if ((command !== 0x20 && command !== 0x21) || rest > MOST_REST) return 'malformed';
  const length = FIXED + rest;
  if (bytes.length < length) return 'incomplete';
  const kind = bytes.readUInt8(13);
  const isIPv6Kind = kind === 0x21;
  if (command === 0x20 || (kind !== 0x11 && !isIPv6Kind)) return { length, client: undefined };
  const size = isIPv6Kind ? 16 : 4;
  if (rest < 2 * size + 4) return 'malformed';
  const address = bytes.subarray(FIXED, FIXED + size);
  const client: ProxiedClient = {
    remoteAddress: isIPv6Kind ? textOf(address) : address.join('.'),
    remotePort: bytes.readUInt16BE(FIXED + 2 * size),
    remoteFamily: isIPv6Kind ? 'IPv6' : 'IPv4',
  };
  return { length, client };
}

/** An address of IPv6 as text, in its usual form. */
function textOf(address: Buffer): string {
  const groups = address.toString('hex').match(/.{4}/g) as string[];
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}
