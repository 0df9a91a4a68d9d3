import { CODEC_SUBPROTOCOLS, type CodecName } from '../../../src/shared/codec/codec.ts';
import { AckClient } from './ack-client.ts';

/** The subprotocol that carries a token. */
export function tokenOffer(token: string): string {
  return `fanring.token.${Buffer.from(token).toString('base64url')}`;
}

/** A client that speaks a codec, and offers a token. */
export function openWithToken(
  port: number,
  path: string,
  token: string,
  codec: CodecName = 'text',
): Promise<AckClient> {
  return AckClient.open({ port }, path, codec, [CODEC_SUBPROTOCOLS[codec], tokenOffer(token)]);
}
