import type { EngineError } from '../api/errors.ts';
import type { AckResult } from '../ask/ask.ts';
import type { Codec, Message } from '../codec/codec.ts';
import type { Limits } from '../options/server-options.ts';
import type { Command } from './command.ts';
import type { Found, Query } from './listing.ts';
import type { Selection } from './selection.ts';

/** Encodes one message; called at most once for each codec. @throws EngineError ERR_PAYLOAD, … */
export type Encode = (codec: Codec) => Message;

/** All that an app can have a server do, in the thread in which the app says it. */
export interface Verbs {
  readonly endpoint: string;
  readonly limits: Limits;
  /**
   * Sends a message to the connections of a selection.
   * @param encode is called before this returns, for each codec that one of them may speak
   * @throws EngineError ERR_OUTBOX_FULL, what `encode` throws; and then nobody gets it
   */
  publish(selection: Selection, encode: Encode): void;
  /**
   * Asks the connections of a selection.
   * @param encode as in {@link Verbs.publish}
   * @param timeoutMs the time to wait for answers
   */
  ask(selection: Selection, encode: Encode, timeoutMs: number): Promise<AckResult>;
  /** The entries of a list, from every thread that answers within `timeoutMs`. */
  list(query: Query, timeoutMs: number): Promise<Found>;
  /** Has the connections of a selection do something. @throws EngineError ERR_OUTBOX_FULL */
  command(selection: Selection, command: Command): void;
  /** The number of connections in a room; '' = all. */
  count(room: string): number;
  /** Takes an error that no handler of a connection has taken, for the engine's `error` event. */
  report(error: EngineError): void;
}
