import { hash } from 'node:crypto';
import type { DeflateTerms, Upgrade } from '../../shared/messages/control-messages.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3

/** The Sec-WebSocket-Accept of a Sec-WebSocket-Key (RFC 6455 section 4.2.2). */
function acceptOf(key: string): string {
  return hash('sha1', key + GUID, 'base64');
}

/** The 101 that ends an upgrade, ready to be written. */
export function switchingProtocols(
  { key, protocol, deflate }: Pick<Upgrade, 'key' | 'protocol' | 'deflate'>,
  headers: Readonly<Record<string, string>>,
): Buffer {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
  ];
  if (protocol !== '') lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  if (deflate !== undefined) lines.push(`Sec-WebSocket-Extensions: ${extensionOf(deflate)}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/**
 * RFC 7692 section 7.1. A server may ask for both even if the client has not offered them: so no
 * connection keeps a window, and one compressed frame suits all.
 */
function extensionOf({ serverMaxWindowBits }: DeflateTerms): string {
  const terms = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
  if (serverMaxWindowBits === undefined) return terms;
  return `${terms}; server_max_window_bits=${serverMaxWindowBits}`;
}
