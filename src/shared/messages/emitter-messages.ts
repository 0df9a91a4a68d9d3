import type { SerializedError } from '../api/errors.ts';
import type { CodecChoice } from '../codec/codec.ts';
import type { Limits } from '../options/server-options.ts';
import type { MailboxLink } from '../ring/mailbox.ts';
import type { InterestMemory } from '../tables/interest-table.ts';

/*
 * Messages of the primary and an emitter in another thread by port: they tell where its rings are.
 * The events that it emits do not come this way.
 */

/** Opens emitters of an engine in other threads: plain data for `workerData` or `postMessage`. */
export interface EmitterHandle {
  /** The engine's thread. */
  readonly threadId: number;
  /** The engine's name in that thread. */
  readonly engine: string;
}

/** The request of an emitter to the engine's thread, with the port for all further messages. */
export interface EmitterRequest<Port> {
  readonly fanringEngine: string;
  readonly port: Port;
}

/** The part of a server that it takes to encode for it. */
export interface EmitterServer extends Limits {
  readonly number: number;
  readonly endpoint: string;
  readonly codec: CodecChoice;
  readonly eventPrefix: string;
}

/** A shard, and the way to its mailbox. */
export interface EmitterShard {
  readonly shard: number;
  readonly link: MailboxLink;
  readonly interest: InterestMemory;
}

/** From the primary to an emitter. */
export type ToEmitter =
  | {
      readonly type: 'opened';
      /** The doorbell of the emitter. */
      readonly doorbell: MailboxLink['doorbell'];
      readonly maxOutboxBytes: number;
      readonly servers: readonly EmitterServer[];
      readonly shards: readonly EmitterShard[];
    }
  | { readonly type: 'refused'; readonly error: SerializedError }
  | { readonly type: 'add-server'; readonly server: EmitterServer }
  | { readonly type: 'remove-server'; readonly server: number }
  /** A shard has come up, perhaps in the place of one that died. */
  | { readonly type: 'add-shard'; readonly shard: EmitterShard }
  | { readonly type: 'remove-shard'; readonly shard: number };
