import { hash } from 'node:crypto';
import type { DeflateTerms, Upgrade } from '../../shared/messages/control-messages.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3

/** Builds the 101 that ends an upgrade, ready to be written: RFC 6455 section 4.2.2. */
export function switchingProtocols(
  { key, protocol, deflate }: Pick<Upgrade, 'key' | 'protocol' | 'deflate'>,
  headers: Readonly<Record<string, string>>,
): Buffer {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${hash('sha1', key + GUID, 'base64')}`,
  ];
  if (protocol !== '') lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  if (deflate !== undefined) lines.push(`Sec-WebSocket-Extensions: ${extensionOf(deflate)}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/**
 * Asks for no takeover in both directions, even if the client has not offered it: RFC 7692 section
 * 7.1. So no connection keeps a window, and one compressed frame suits all.
 */
function extensionOf({ serverMaxWindowBits }: DeflateTerms): string {
  const terms = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
  if (serverMaxWindowBits === undefined) return terms;
  return `${terms}; server_max_window_bits=${serverMaxWindowBits}`;
}
