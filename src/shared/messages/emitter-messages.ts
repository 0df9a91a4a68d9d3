import type { SerializedError } from '../api/errors.ts';
import type { CodecChoice } from '../codec/codec.ts';
import type { Limits } from '../options/server-options.ts';
import type { MailboxLink } from '../ring/mailbox.ts';
import type { InterestMemory } from '../tables/interest-table.ts';

/*
 * What the primary and an emitter in another thread say to each other by port: where its rings are.
 * What it emits does not come this way.
 */

/**
 * Opens emitters of an engine: plain data, for as many threads as there shall be, by `workerData`
 * or `postMessage`.
 */
export interface EmitterHandle {
  /** The engine's thread. */
  readonly threadId: number;
  /** Which engine of that thread it is. */
  readonly engine: string;
}

/** What goes to the engine's thread, with the port as which the emitter is known from then on. */
export interface EmitterRequest<Port> {
  readonly fanringEngine: string;
  readonly port: Port;
}

/** A server, as much as it takes to encode for it. */
export interface EmitterServer extends Limits {
  readonly number: number;
  readonly endpoint: string;
  readonly codec: CodecChoice;
  readonly eventPrefix: string;
}

/** A shard, and how its mailbox is reached. */
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
