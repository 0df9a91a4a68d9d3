import type {
  Codec,
  DecodedAnswer,
  DecodedEvent,
  DecodedMessage,
  Message,
} from '../shared/codec.ts';
import type { ErrorCode } from '../shared/errors.ts';

/** Makes a message, as soon as there is a codec. */
export type Encode = (codec: Codec) => Message;

/** What a message may turn out to have. */
export type Parts = Partial<DecodedEvent & DecodedMessage & DecodedAnswer>;

/** A question that awaits its answer. */
export interface Ask {
  readonly encode: Encode;
  readonly resolve: (answer: unknown) => void;
  readonly fail: (code: ErrorCode, why?: string) => void;
}
