import type { EngineError } from '../api/errors.ts';
import type { Codec } from '../codec/codec.ts';
import type { Limits } from '../options/server-options.ts';
import type { EventChecks } from '../schema/event-checks.ts';
import type { Local } from './local.ts';
import type { Peers } from './peers.ts';

/** One server as one thread knows it. */
export interface SpreadOptions<Chosen> {
  readonly number: number;
  readonly endpoint: string;
  readonly limits: Limits;
  /** The codecs of its connections; each connection speaks one of them. */
  readonly codecs: readonly Codec[];
  readonly peers: Peers;
  readonly local: Local<Chosen>;
  /** Counts what has been sent from here: one for each emit. */
  readonly counters: { emitted: number };
  /** Checks payloads, where schemas of its events are in this thread. */
  readonly checks?: EventChecks | undefined;
  report(error: EngineError): void;
}
