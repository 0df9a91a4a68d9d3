import { randomUUID } from 'node:crypto';
import { type MessagePort, threadId } from 'node:worker_threads';
import { EngineError, serializeError } from '../shared/api/errors.ts';
import { FIRST_EMITTER } from '../shared/messages/control-messages.ts';
import type {
  EmitterHandle,
  EmitterRequest,
  EmitterServer,
  EmitterShard,
  ToEmitter,
} from '../shared/messages/emitter-messages.ts';
import type { ResolvedEngineOptions } from '../shared/options/engine-options.ts';
import { Doorbell } from '../shared/ring/doorbell.ts';
import type { MailboxLink } from '../shared/ring/mailbox.ts';
import { allocateRing } from '../shared/ring/ring-layout.ts';
import type { ServerEntry } from './servers/server-entry.ts';
import { ringCapacityFor } from './shards/ring-capacity.ts';
import type { ShardHost } from './shards/shard-host.ts';

/** Nothing is sent to an emitter, but a mailbox has a ring each way. */
const UNUSED_RING_BYTES = 1024;
const MOST_RING_BYTES = 2 ** 18;

interface OpenEmitter {
  readonly peer: number;
  readonly port: MessagePort;
  readonly doorbell: MailboxLink['doorbell'];
}

/** What {@link Emitters} have to know of their engine. */
export interface EmittersContext {
  readonly options: ResolvedEngineOptions;
  readonly hosts: readonly ShardHost[];
  servers(): Iterable<ServerEntry>;
}

/** The emitters that other threads of the app have opened: lays their rings, tells them of shards. */
export class Emitters {
  readonly #context: EmittersContext;
  readonly #engine = randomUUID();
  readonly #open = new Map<number, OpenEmitter>();
  #isListening = false;
  #isClosed = false;
  #lastPeer = FIRST_EMITTER; // each number is used once

  constructor(context: EmittersContext) {
    this.#context = context;
  }

  /** What opens an emitter, in any thread. */
  handle(): EmitterHandle {
    if (!this.#isListening) process.on('workerMessage', this.#onRequest);
    this.#isListening = true;
    return { threadId, engine: this.#engine };
  }

  addShard(host: ShardHost): void {
    for (const emitter of this.#open.values()) {
      tell(emitter.port, { type: 'add-shard', shard: this.#connect(emitter, host) });
    }
  }

  shardDied(shard: number): void {
    this.#tellAll({ type: 'remove-shard', shard });
  }

  addServer(server: ServerEntry): void {
    this.#tellAll({ type: 'add-server', server: described(server) });
  }

  removeServer(server: number): void {
    this.#tellAll({ type: 'remove-server', server });
  }

  /** Ends all of them: what they have committed is still read. */
  close(): void {
    this.#isClosed = true;
    process.off('workerMessage', this.#onRequest);
    for (const emitter of this.#open.values()) {
      emitter.port.close();
      this.#retire(emitter);
    }
  }

  readonly #onRequest = (message: unknown): void => {
    const { fanringEngine, port } = (message ?? {}) as Partial<EmitterRequest<MessagePort>>;
    if (fanringEngine !== this.#engine || port === undefined) return; // another engine's, the app's
    const { maxEmitters } = this.#context.options;
    if (this.#open.size < maxEmitters) {
      this.#admit(port);
      return;
    }
    const text = `maxEmitters: ${maxEmitters} emitters are open already`;
    tell(port, {
      type: 'refused',
      error: serializeError(new EngineError('ERR_EMITTER_LIMIT', text)),
    });
    port.close();
  };

  #admit(port: MessagePort): void {
    const { options, hosts, servers } = this.#context;
    this.#lastPeer += 1;
    const emitter = { peer: this.#lastPeer, port, doorbell: Doorbell.allocate() };
    this.#open.set(emitter.peer, emitter);
    port.on('close', () => this.#retire(emitter)); // closed, or its thread has ended
    port.unref();
    tell(port, {
      type: 'opened',
      doorbell: emitter.doorbell,
      maxOutboxBytes: options.maxOutboxBytes,
      servers: Array.from(servers(), described),
      shards: hosts.map((host) => this.#connect(emitter, host)),
    });
  }

  #connect({ peer, doorbell }: OpenEmitter, host: ShardHost): EmitterShard {
    const capacity = Math.min(MOST_RING_BYTES, ringCapacityFor(this.#context.options));
    const [there, back] = [allocateRing(capacity), allocateRing(UNUSED_RING_BYTES)];
    const link = { inbound: there, outbound: back, doorbell };
    host.post({ type: 'connect-peer', peer, link });
    return {
      shard: host.number,
      link: { inbound: back, outbound: there, doorbell: host.doorbell },
      interest: host.interest,
    };
  }

  #retire({ peer }: OpenEmitter): void {
    if (!this.#open.delete(peer)) return;
    for (const host of this.#context.hosts) host.post({ type: 'disconnect-peer', peer });
  }

  #tellAll(message: ToEmitter): void {
    if (this.#isClosed) return;
    for (const { port } of this.#open.values()) tell(port, message);
  }
}

function tell(port: MessagePort, message: ToEmitter): void {
  port.postMessage(message);
}

function described({ number, options }: ServerEntry): EmitterServer {
  const { endpoint, codec, eventPrefix } = options;
  const { maxRooms, maxRoomNameBytes, maxEventNameBytes, maxPendingAsks } = options;
  const limits = { maxRooms, maxRoomNameBytes, maxEventNameBytes, maxPendingAsks };
  return { number, endpoint, codec, eventPrefix, ...limits };
}
