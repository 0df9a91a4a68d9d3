import { CODEC_SUBPROTOCOLS, type CodecName } from '../../shared/codec/codec.ts';

/** Returns the subprotocols to offer: that of the codec, where one is asked for, and the app's. */
export function offeredProtocols(
  codec: CodecName | undefined,
  protocols: string | string[] | null | undefined,
): string[] {
  return [codec ? CODEC_SUBPROTOCOLS[codec] : [], protocols ?? []].flat();
}
