import type { MessagePort } from 'node:worker_threads';
import { EngineError } from '../shared/api/errors.ts';
import type { AnyEvents, Sender } from '../shared/api/public-types.ts';
import type { Targets } from '../shared/api/targets.ts';
import type { Codec, Message } from '../shared/codec/codec.ts';
import { createCodecs } from '../shared/codec/codecs.ts';
import { routePublish } from '../shared/emit/routing.ts';
import { NOBODY, type Selection, selectionOf } from '../shared/emit/selection.ts';
import type { SenderScope } from '../shared/emit/target-emitter.ts';
import type {
  EmitterServer,
  EmitterShard,
  ToEmitter,
} from '../shared/messages/emitter-messages.ts';
import { type CloseOptions, resolveCloseOptions } from '../shared/options/engine-options.ts';
import { optionError } from '../shared/options/option-rules.ts';
import { Mailbox } from '../shared/ring/mailbox.ts';
import { TickLoop } from '../shared/ring/tick-loop.ts';
import { InterestMap } from '../shared/tables/interest-table.ts';
import { settledWithin } from '../shared/time/settled-within.ts';
import { TargetSender } from './target-sender.ts';

/** One server, as an emitter sends for it. */
export interface ServerEmitter<Events extends object = AnyEvents> {
  readonly endpoint: string;
  /**
   * Sends to a target; NotMe means everyone.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION; ERR_ENGINE_CLOSED where the server is no more
   */
  to(target: Targets): Sender<Events>;
}

type Opened = Extract<ToEmitter, { type: 'opened' }>;
type Server = EmitterServer & { readonly codecs: readonly Codec[] };

/**
 * Emits from any thread of the app straight into the mailboxes of the shards. It learns of shards
 * and servers that come and go when its thread's event loop turns; it does not keep the thread alive.
 */
export class ThreadEmitter implements AsyncDisposable {
  readonly #port: MessagePort;
  readonly #mailbox: Mailbox;
  readonly #ticks: TickLoop;
  readonly #interest = new InterestMap();
  readonly #shards = new Set<number>();
  readonly #servers = new Map<string, Server>();
  readonly #drained = Promise.withResolvers<void>();
  #closing: Promise<void> | undefined;

  /** @param port the engine's, which has said `opened` */
  constructor(port: MessagePort, { doorbell, maxOutboxBytes, servers, shards }: Opened) {
    this.#port = port;
    this.#mailbox = new Mailbox({
      doorbell,
      maxOutboxBytes,
      onRecord: () => {}, // nobody sends any
      onError: () => {},
      onWake: () => this.#ticks.schedule(),
      onDrained: () => {
        if (this.#closing !== undefined && this.#isDrained()) this.#drained.resolve();
      },
    });
    this.#ticks = new TickLoop(this.#mailbox, () => {});
    for (const server of servers) this.#addServer(server);
    for (const shard of shards) this.#addShard(shard);
    port.on('message', (message: ToEmitter) => this.#receive(message));
    port.on('close', () => this.#end());
    port.unref();
  }

  /**
   * One of the engine's servers, for as long as one has this endpoint.
   * @throws EngineError ERR_OPTION where there is none
   */
  server<Events extends object = AnyEvents>(endpoint: string): ServerEmitter<Events> {
    if (!this.#servers.has(endpoint)) {
      throw optionError('endpoint', endpoint, this.#allowedEndpoints());
    }
    return {
      endpoint,
      to: (target) => {
        const scope = this.#scopeOf(endpoint);
        return new TargetSender<Events>(scope, selectionOf(target, NOBODY));
      },
    };
  }

  /**
   * Waits until what has been emitted is in the rings, `timeoutMs` at most, and gives them back.
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

  #scopeOf(endpoint: string): SenderScope {
    const server = this.#servers.get(endpoint);
    if (server === undefined) throw closed(`the server at ${endpoint}`);
    return {
      options: server,
      publish: (selection, encode) => this.#publish(server, selection, encode),
    };
  }

  #publish(server: Server, selection: Selection, encode: (codec: Codec) => Message): void {
    if (this.#closing !== undefined) throw closed('the emitter, or its engine,');
    this.#ticks.send(routePublish(server, this.#interest, selection, encode, () => false));
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
        this.#interest.delete(message.shard);
        this.#shards.delete(message.shard);
        this.#mailbox.disconnect(message.shard);
    }
  }

  #addServer(server: EmitterServer): void {
    this.#servers.set(server.endpoint, { ...server, codecs: createCodecs(server) });
  }

  #addShard({ shard, link, interest }: EmitterShard): void {
    this.#mailbox.connect(shard, link);
    this.#shards.add(shard);
    this.#interest.set(shard, interest);
  }

  async #close(timeoutMs: number): Promise<void> {
    if (!this.#isDrained()) await settledWithin(this.#drained.promise, timeoutMs);
    this.#port.close();
    this.#end();
  }

  #isDrained(): boolean {
    return [...this.#shards].every((shard) => !this.#mailbox.isCongested(shard));
  }

  /** The engine has closed, or this has. */
  #end(): void {
    this.#closing ??= Promise.resolve();
    this.#drained.resolve();
    this.#ticks.stop();
    this.#mailbox.close();
  }
}

function closed(what: string): EngineError {
  return new EngineError('ERR_ENGINE_CLOSED', `${what} has been closed`);
}
