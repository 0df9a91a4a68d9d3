import { createCodecs } from '../../src/shared/codec/codecs.ts';
import { buildFrame } from '../../src/shared/codec/frame.ts';
import { DEFAULT_EVENT_PREFIX } from '../../src/shared/codec/text-codec.ts';
import { PAYLOAD, type Step } from './step.ts';

const codecs = createCodecs({
  codec: 'negotiate',
  eventPrefix: DEFAULT_EVENT_PREFIX,
  maxEventNameBytes: 256,
});

/** Encoding with its frame, since an encoded string is not put together before somebody reads it. */
export const codecSteps: readonly Step[] = codecs.flatMap((codec): Step[] => {
  const encoded = codec.encode('chat', PAYLOAD);
  return [
    {
      name: `${codec.name} codec: encode and frame`,
      run: () => buildFrame(codec.encode('chat', PAYLOAD)),
    },
    { name: `${codec.name} codec: decode`, run: () => codec.decode(encoded) },
  ];
});
