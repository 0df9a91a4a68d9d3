import type { MessagePort } from 'node:worker_threads';
import { EngineError } from '../shared/api/errors.ts';
import type { AnyEvents, Emitter, Sender } from '../shared/api/public-types.ts';
import type { Targets } from '../shared/api/targets.ts';
import { TargetEmitter } from '../shared/app/target-emitter.ts';
import { createCodecs } from '../shared/codec/codecs.ts';
import type {
  EmitterServer,
  EmitterShard,
  ToEmitter,
} from '../shared/messages/emitter-messages.ts';
import { type CloseOptions, resolveCloseOptions } from '../shared/options/engine-options.ts';
import { optionError, withSlash } from '../shared/options/option-rules.ts';
import { Mailbox } from '../shared/ring/mailbox.ts';
import { type RoutedRecord, TickLoop } from '../shared/ring/tick-loop.ts';
import { NOWHERE } from '../shared/spread/local.ts';
import type { Peers } from '../shared/spread/peers.ts';
import { NOBODY, selectionOf } from '../shared/spread/selection.ts';
import { SpreadServer } from '../shared/spread/spread-server.ts';
import { InterestMap } from '../shared/tables/interest-table.ts';
import { CountsMap } from '../shared/tables/room-counts.ts';
import { Conditions } from '../shared/time/conditions.ts';
import { settledWithin } from '../shared/time/settled-within.ts';

/** One server to which an emitter sends. */
export interface ServerEmitter<Events extends object = AnyEvents> {
  readonly endpoint: string;
  /**
   * Sends to a target; NotMe means everyone.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION; ERR_ENGINE_CLOSED where the server has been closed
   */
  to(target: Targets): Sender<Events>;
}

type Opened = Extract<ToEmitter, { type: 'opened' }>;

/**
 * Emits from any thread of the app straight into the mailboxes of the shards. It learns of new and
 * closed shards and servers when its thread's event loop turns. It does not keep the thread alive.
 */
export class ThreadEmitter implements AsyncDisposable {
  readonly #port: MessagePort;
  readonly #mailbox: Mailbox;
  readonly #ticks: TickLoop;
  readonly #peers: Peers = {
    self: NOBODY,
    interest: new InterestMap(),
    counts: new CountsMap(),
    send: (records) => this.#send(records),
    sendAlways: (peer, record) => this.#ticks.sendAlways(peer, record),
  };
  readonly #servers = new Map<string, SpreadServer>();
  readonly #draining = new Conditions();
  #closing: Promise<void> | undefined;

  /** @param port the one to the engine, from which `opened` has come */
  constructor(port: MessagePort, { doorbell, maxOutboxBytes, servers, shards }: Opened) {
    this.#port = port;
    this.#mailbox = new Mailbox({
      doorbell,
      maxOutboxBytes,
      onRecord: () => {}, // no peer sends any
      onError: () => {},
      onWake: () => this.#ticks.schedule(),
      onDrained: () => this.#draining.recheck(),
    });
    this.#ticks = new TickLoop(this.#mailbox, () => {});
    for (const server of servers) this.#addServer(server);
    for (const shard of shards) this.#addShard(shard);
    port.on('message', (message: ToEmitter) => this.#receive(message));
    port.on('close', () => this.#end());
    port.unref();
  }

  /**
   * Returns one of the engine's servers, for as long as one has this endpoint.
   * @param name the endpoint; its first slash may be left out
   * @throws EngineError ERR_OPTION where there is none
   */
  server<Events extends object = AnyEvents>(name: string): ServerEmitter<Events> {
    const endpoint = withSlash(name);
    if (!this.#servers.has(endpoint)) {
      throw optionError('endpoint', name, this.#allowedEndpoints());
    }
    return {
      endpoint,
      to: (target) => {
        const server = this.#servers.get(endpoint);
        if (server === undefined) throw closed(`the server at ${endpoint}`);
        return senderOf(new TargetEmitter<Events>(server, selectionOf(target, NOBODY)));
      },
    };
  }

  /**
   * Waits until all emitted messages are in the rings, `timeoutMs` at most, and frees the rings.
   * @throws EngineError ERR_OPTION
   */
  close(options: Pick<CloseOptions, 'timeoutMs'> = {}): Promise<void> {
    const { timeoutMs } = resolveCloseOptions(options);
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #allowedEndpoints(): string {
    const endpoints = [...this.#servers.keys()].filter((endpoint) => endpoint !== '');
    if (endpoints.length > 0) return `one of ${endpoints.join(', ')}`;
    return 'an endpoint of the engine: it has no server yet, or none any more';
  }

  #send(records: readonly RoutedRecord[]): void {
    if (this.#closing !== undefined) throw closed('the emitter, or its engine,');
    this.#ticks.send(records);
    this.#mailbox.wake(); // a job may be long before its event loop turns
  }

  #receive(message: ToEmitter): void {
    switch (message.type) {
      case 'add-server':
        this.#addServer(message.server);
        return;
      case 'remove-server':
        for (const { endpoint, number } of this.#servers.values()) {
          if (number === message.server) this.#servers.delete(endpoint);
        }
        return;
      case 'add-shard':
        this.#addShard(message.shard);
        return;
      case 'remove-shard':
        this.#peers.interest.delete(message.shard);
        this.#mailbox.disconnect(message.shard);
    }
  }

  #addServer(server: EmitterServer): void {
    const { number, endpoint } = server;
    const spread = new SpreadServer({
      number,
      endpoint,
      limits: server,
      codecs: createCodecs(server),
      peers: this.#peers,
      local: NOWHERE,
      counters: { emitted: 0 },
      report: () => {},
    });
    this.#servers.set(endpoint, spread);
  }

  #addShard({ shard, link, interest }: EmitterShard): void {
    this.#mailbox.connect(shard, link);
    this.#peers.interest.set(shard, interest);
  }

  async #close(timeoutMs: number): Promise<void> {
    const isFlushed = () => this.#mailbox.isFlushed;
    if (!isFlushed()) await settledWithin(this.#draining.until(isFlushed), timeoutMs);
    this.#port.close();
    this.#end();
  }

  /** Ends it, whichever side has closed the port. */
  #end(): void {
    this.#closing ??= Promise.resolve();
    this.#ticks.stop();
    this.#mailbox.close();
    this.#draining.recheck();
  }
}

function closed(what: string): EngineError {
  return new EngineError('ERR_ENGINE_CLOSED', `${what} has been closed`);
}

/** Returns the part of an emitter that asks nothing: no answer would reach this thread. */
function senderOf<Events extends object>(emitter: Emitter<Events>): Sender<Events> {
  return {
    except: (exceptions) => senderOf(emitter.except(exceptions)),
    emit: (event, ...args) => emitter.emit(event, ...args),
    emitMessage: (data) => emitter.emitMessage(data),
  };
}
