import assert from 'node:assert/strict';
import { serialize } from 'node:v8';
import fc from 'fast-check';
import type { Codec, Message } from '../../src/shared/codec.ts';
import {
  codecs,
  decodesOrIsMalformed,
  eventNames,
  hostileMessages,
  payloads,
} from '../shared/hostile-messages.ts';
import type { FuzzTarget } from './target.ts';

/** Of a value, as v8 writes it, for each byte of the message: an empty array takes 6 for 1. */
const MAX_GROWTH = 16;
const FIXED_BYTES = 256;
/** Far longer than any of these messages takes, and than a pause of the collector. */
const MAX_MS = 1_000;

/** Fails where a message of a peer makes far more of itself, or takes very long. */
function isBounded(codec: Codec) {
  return (message: Message) => {
    const start = performance.now();
    let decoded: unknown;
    try {
      decoded = codec.decode(message);
    } catch {
      decoded = undefined; // which error that is, the other property looks at
    }
    assert.ok(performance.now() - start < MAX_MS, 'it took too long');
    const bytes = serialize(decoded).length;
    const maxBytes = FIXED_BYTES + MAX_GROWTH * Buffer.byteLength(message);
    assert.ok(bytes <= maxBytes, `${bytes} bytes came of it, at most ${maxBytes}`);
  };
}

/** Nothing but a value or ERR_MALFORMED_EVENT comes of a message, and not much more than it has. */
function hostileTarget(codec: Codec): FuzzTarget {
  const decodes = decodesOrIsMalformed(codec);
  const bounded = isBounded(codec);
  return {
    name: `${codec.name} decoding`,
    share: 200,
    property: () =>
      fc.property(hostileMessages(codec), (message) => {
        decodes(message);
        bounded(message);
      }),
  };
}

/** What has been encoded decodes to itself. */
function roundTripTarget(codec: Codec): FuzzTarget {
  return {
    name: `${codec.name} round trip`,
    share: 25,
    property: () =>
      fc.property(eventNames, payloads, (event, payload) => {
        assert.deepEqual(codec.decode(codec.encode(event, payload)), { event, payload });
      }),
  };
}

/** Both codecs, in both directions. */
export const codecTargets: readonly FuzzTarget[] = codecs.flatMap((codec) => [
  hostileTarget(codec),
  roundTripTarget(codec),
]);
