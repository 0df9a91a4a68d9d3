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
import type { ServerEntry } from './servers/server-entry.ts';
import { linkPair, ringCapacityFor } from './shards/link-pair.ts';
import type { ShardHost } from './shards/shard-host.ts';

/** Bytes of the ring to an emitter: a mailbox has one, and nothing is sent there. */
const UNUSED_RING_BYTES = 1024;
const MOST_RING_BYTES = 2 ** 18;

interface OpenEmitter {
  readonly peer: number;
  readonly port: MessagePort;
  readonly doorbell: MailboxLink['doorbell'];
}

/** The emitters in other threads of the app: connects them with the shards, tells them of servers. */
export class Emitters {
  readonly #options: ResolvedEngineOptions;
  readonly #hosts: readonly ShardHost[];
  readonly #servers: ReadonlyMap<number, ServerEntry>;
  readonly #engine = randomUUID();
  readonly #open = new Map<number, OpenEmitter>();
  #isListening = false;
  #lastPeer = FIRST_EMITTER; // each number is used once

  /**
   * @param hosts the shards that run, at any time
   * @param servers the engine's servers, at any time
   */
  constructor(
    options: ResolvedEngineOptions,
    hosts: readonly ShardHost[],
    servers: ReadonlyMap<number, ServerEntry>,
  ) {
    this.#options = options;
    this.#hosts = hosts;
    this.#servers = servers;
  }

  /** Returns plain data that opens an emitter, in any thread. */
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

  /** Ends all emitters; the shards still read what those have committed. */
  close(): void {
    process.off('workerMessage', this.#onRequest);
    for (const emitter of this.#open.values()) {
      emitter.port.close();
      this.#retire(emitter);
    }
  }

  readonly #onRequest = (message: unknown): void => {
    const { fanringEngine, port } = (message ?? {}) as Partial<EmitterRequest<MessagePort>>;
    if (fanringEngine !== this.#engine || port === undefined) return; // another engine's, the app's
    const { maxEmitters } = this.#options;
    if (this.#open.size < maxEmitters) {
      this.#admit(port);
      return;
    }
    const text = `maxEmitters: ${maxEmitters} emitters are open already`;
    const error = serializeError(new EngineError('ERR_EMITTER_LIMIT', text));
    tell(port, { type: 'refused', error });
    port.close();
  };

  #admit(port: MessagePort): void {
    this.#lastPeer += 1;
    const emitter = { peer: this.#lastPeer, port, doorbell: Doorbell.allocate() };
    this.#open.set(emitter.peer, emitter);
    port.on('close', () => this.#retire(emitter)); // closed, or its thread has ended
    port.unref();
    tell(port, {
      type: 'opened',
      doorbell: emitter.doorbell,
      maxOutboxBytes: this.#options.maxOutboxBytes,
      servers: [...this.#servers.values()].map(described),
      shards: this.#hosts.map((host) => this.#connect(emitter, host)),
    });
  }

  #connect({ peer, doorbell }: OpenEmitter, host: ShardHost): EmitterShard {
    const capacity = Math.min(MOST_RING_BYTES, ringCapacityFor(this.#options));
    const [link, hostLink] = linkPair(doorbell, host.doorbell, capacity, UNUSED_RING_BYTES);
    host.post({ type: 'connect-peer', peer, link: hostLink });
    return { shard: host.number, link, interest: host.interest };
  }

  #retire({ peer }: OpenEmitter): void {
    if (!this.#open.delete(peer)) return;
    for (const host of this.#hosts) host.post({ type: 'disconnect-peer', peer });
  }

  #tellAll(message: ToEmitter): void {
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
