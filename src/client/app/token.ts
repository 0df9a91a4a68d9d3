import { TOKEN_PROTOCOL, utf8 } from '../../shared/codec/event-rules.ts';

/**
 * Returns the subprotocol that carries a token: its UTF-8 in base64url without padding. Not all
 * characters of base64 may be in a subprotocol (RFC 6455 section 4.1).
 */
export function tokenProtocol(token: string): string {
  const bytes = Array.from(utf8.encode(token), (byte) => String.fromCharCode(byte)).join('');
  const base64url = btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${TOKEN_PROTOCOL}${base64url}`;
}
