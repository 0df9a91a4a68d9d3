import { EngineError } from '../../shared/api/errors.ts';
import type { Connection, EventHandler } from '../../shared/api/public-types.ts';
import type { PrimaryServerStats } from '../../shared/api/stats.ts';
import { AppConnection } from '../../shared/app/app-connection.ts';
import { createCodecs } from '../../shared/codec/codecs.ts';
import type { RecordView } from '../../shared/messages/record-view.ts';
import type { ResolvedCloseOptions } from '../../shared/options/engine-options.ts';
import {
  type ResolvedServerOptions,
  shardServerOptions,
} from '../../shared/options/server-options.ts';
import { NOWHERE } from '../../shared/spread/local.ts';
import type { Peers } from '../../shared/spread/peers.ts';
import { SpreadServer } from '../../shared/spread/spread-server.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import { type Arrival, Closures, type ClosuresContext } from './closures.ts';
import { Places } from './places.ts';
import { Rollout } from './rollout.ts';
import { type Life, Server } from './server.ts';

/** Everything that the engine gives to its servers. */
export interface EntryContext {
  readonly peers: Peers;
  report(error: EngineError): void;
  close(entry: ServerEntry, options: ResolvedCloseOptions): Promise<void>;
}

/** One server on the primary: its verbs, its closures, its places, and its way into the shards. */
export class ServerEntry implements Life {
  readonly number: number;
  readonly options: ResolvedServerOptions;
  /** The messages that have been sent from here: one for each emit, whoever gets it. */
  readonly counters = { emitted: 0 };
  readonly spread: SpreadServer;
  /** Undefined where the handlers are in a module. */
  readonly closures: Closures | undefined;
  /** The app's view of it. */
  readonly handle: Server;
  readonly places: Places;
  readonly rollout: Rollout;
  readonly #context: EntryContext;
  #closed: Promise<void> | undefined;

  constructor(number: number, options: ResolvedServerOptions, context: EntryContext) {
    const { endpoint, handlers, keepHeaders } = options;
    const codecs = createCodecs(options);
    const { peers, report } = context;
    const { counters } = this;
    this.number = number;
    this.options = options;
    this.#context = context;
    this.places = new Places(options);
    this.rollout = new Rollout(handlers?.toString());
    const appConnection: ClosuresContext['appConnection'] = (link, identity) =>
      new AppConnection(this.handle, this.spread, link, identity);
    if (handlers === undefined) {
      this.closures = new Closures({ number, codecs, keepHeaders, peers, counters, appConnection });
    }
    const spread = { number, endpoint, limits: options, codecs, peers, counters, report };
    this.spread = new SpreadServer({ ...spread, local: this.closures ?? NOWHERE });
    this.handle = new Server(this.spread, this);
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  addConnectionHandler(fn: EventHandler<Connection>): void {
    if (this.closures !== undefined) {
      this.closures.add(fn);
      return;
    }
    const message = `${this.endpoint} has its handlers in a module; onConnection would not be called`;
    throw new EngineError('ERR_HANDLERS_CONFLICT', message);
  }

  /** Carries out a record that a shard has sent; its bytes are only valid during the call. */
  receive(record: RecordView): void {
    if (!this.spread.receive(record)) this.closures?.receive(record);
  }

  get ready(): Promise<void> {
    return this.rollout.ready;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  get stats(): PrimaryServerStats {
    return { endpoint: this.endpoint, ...this.counters };
  }

  /** Connections in one shard, those on their way included. */
  connectionsIn(shard: number): number {
    return this.places.connectionsIn(shard);
  }

  /** Whether connections may enter in a shard. */
  isReadyIn(shard: number): boolean {
    return this.rollout.isReadyIn(shard);
  }

  /**
   * A connection is about to move to a shard.
   * @param address with which it was decided on: of its request the app may have made another
   * @throws EngineError ERR_CONNECTION_ID
   */
  arriving(connection: number, arrival: Arrival, address: string): void {
    const { shard, identity } = arrival;
    this.places.take({ connection, shard, id: identity.id, address });
    this.closures?.expect(connection, arrival);
  }

  /** A connection did not come to be. */
  refused(connection: number, shard: number): void {
    this.closures?.refused(connection);
    this.places.free([connection], shard);
  }

  close(options: ResolvedCloseOptions): Promise<void> {
    this.rollout.giveUp('server');
    this.#closed ??= this.#context.close(this, options);
    return this.#closed;
  }

  /** Tells a shard of the server. */
  addTo(host: ShardHost): void {
    const { number, options } = this;
    this.rollout.loading(host.number);
    host.loading.add(number);
    host.post({ type: 'add-server', server: number, options: shardServerOptions(options) });
  }

  /** A shard has died, and all that it had of the server with it. */
  shardDied(shard: number, cause?: unknown): void {
    this.#forget(shard);
    this.rollout.shardDied(shard, cause); // last: it may be all that closing waited for
  }

  /** All shards have been stopped; the next ones begin with nothing. */
  rested(): void {
    for (const shard of this.rollout.shards()) this.#forget(shard);
    this.rollout.rested(!this.isClosed);
  }

  #forget(shard: number): void {
    this.places.freeAllIn(shard);
    this.spread.peerDied(shard);
    this.closures?.shardDied(shard);
  }

  /** Nothing more will be heard of it: what is left is told so. */
  abandon(): void {
    for (const shard of this.places.shards()) this.shardDied(shard);
    this.spread.close();
    this.rollout.giveUp('engine');
    this.rollout.abandon();
  }
}
