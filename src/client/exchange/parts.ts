import type { ErrorCode } from '../../shared/api/errors.ts';
import type {
  DecodedAnswer,
  DecodedEvent,
  DecodedMessage,
  Encode,
} from '../../shared/codec/codec.ts';

/** All fields that a decoded message may have. */
export type Parts = Partial<DecodedEvent & DecodedMessage & DecodedAnswer>;

/** An ask that awaits its answer. */
export interface Ask {
  readonly encode: Encode;
  readonly resolve: (answer: unknown) => void;
  readonly fail: (code: ErrorCode, why: string) => void;
}
