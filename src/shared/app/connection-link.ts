import type { ConnectionRequest } from '../api/public-types.ts';
import type { RefusalTerms } from '../api/refusal.ts';
import type { Codec, Message } from '../codec/codec.ts';
import type { Expiry } from '../expiry/expiries.ts';

/** The way from a connection to its socket: direct in a shard, by records on the primary. */
export interface ConnectionLink {
  readonly number: number;
  readonly shard: number;
  /** The rooms it has joined; undefined: none so far. */
  readonly rooms: ReadonlySet<string> | undefined;
  readonly codec: Codec;
  /** Whether the client said in its handshake that it answers asks. */
  readonly answersAsks: boolean;
  send(message: Message): void;
  /** Sends the answer to a client that asks whether we are there: the newest always finds room. */
  sendProbeAnswer(message: Message): void;
  join(room: string): void;
  leave(room: string): void;
  /** @param owesAnswers whether answers to asks follow, and then {@link ConnectionLink.concluded} */
  disconnect(code: number, reason: string, owesAnswers: boolean): void;
  /** Refuses the client with an HTTP error. No-op once the 101 may leave. */
  refuse(refusal: RefusalTerms): void;
  /** Says that no answer follows any more. */
  concluded(): void;
  /** Stops reading from the client, until {@link ConnectionLink.release}. */
  hold(): void;
  release(): void;
}

/** The values that a connection has from its upgrade. */
export interface ConnectionIdentity {
  readonly id: string;
  request: ConnectionRequest;
  data: unknown;
  /** Left out where it may stay as long as it likes. */
  readonly expiry?: Expiry | undefined;
}
