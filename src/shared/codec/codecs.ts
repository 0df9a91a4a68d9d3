import { type Codec, type CodecChoice, type CodecOptions, codecNames } from './codec.ts';
import { guardCodec } from './guarded-codec.ts';
import { createMsgpackCodec } from './msgpack-codec.ts';
import { createTextCodec } from './text-codec.ts';

/** Makes the codecs of a server, in the order of {@link codecNames}. */
export function createCodecs(options: CodecOptions & { codec: CodecChoice }): readonly Codec[] {
  return codecNames(options.codec).map((name) => {
    const codec = name === 'text' ? createTextCodec(options) : createMsgpackCodec(options);
    return guardCodec(codec, options.eventPrefix);
  });
}
