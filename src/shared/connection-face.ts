import type { Message } from './codec.ts';
import { checkRoomName, type ServerScope, TargetEmitter } from './emitter.ts';
import { EngineError, handlerError } from './errors.ts';
import { checkClose } from './frame.ts';
import { HandlerLists, type Hooks } from './handler-lists.ts';
import type {
  AnyEvents,
  Connection,
  ConnectionRequest,
  DisconnectReason,
  EmitArguments,
  Emitter,
  EventHandler,
  EventName,
  ServerHandle,
} from './public-types.ts';
import type { Target } from './targets.ts';

const A_HANDLER = 'a handler';

/** How a connection's face reaches the socket behind it: at hand in a shard, else by records. */
export interface ConnectionLink {
  readonly number: number;
  readonly shard: number;
  /** The rooms it has joined; undefined: none so far. */
  readonly rooms: ReadonlySet<string> | undefined;
  send(message: Message): void;
  join(room: string): void;
  leave(room: string): void;
  disconnect(code: number, reason: string): void;
}

/** What a connection begins with. */
export interface ConnectionIdentity {
  readonly id: string;
  readonly request: ConnectionRequest;
  readonly data: unknown;
}

/** The app's view of a connection: the same code on the primary and in the shards. */
export class ConnectionFace<Events extends object = AnyEvents> implements Connection<Events> {
  readonly server: ServerHandle<Events>;
  readonly #scope: ServerScope;
  readonly #link: ConnectionLink;
  readonly #identity: ConnectionIdentity;
  readonly #handlers: HandlerLists;
  #values: Map<unknown, unknown> | undefined;
  #disconnecting = false;
  #ended = false;

  constructor(
    server: ServerHandle<Events>,
    scope: ServerScope,
    link: ConnectionLink,
    identity: ConnectionIdentity,
  ) {
    this.server = server;
    this.#scope = scope;
    this.#link = link;
    this.#identity = identity;
    this.#handlers = new HandlerLists(
      (thrown) => this.handlerThrew(thrown),
      (thrown) => scope.report(handlerError(A_HANDLER, thrown)),
    );
  }

  get id(): string {
    return this.#identity.id;
  }

  get request(): ConnectionRequest {
    return this.#identity.request;
  }

  get data(): unknown {
    return this.#identity.data;
  }

  get shard(): number {
    return this.#link.shard;
  }

  get values(): Map<unknown, unknown> {
    this.#values ??= new Map();
    return this.#values;
  }

  get rooms(): ReadonlySet<string> {
    return new Set(this.#ended ? [] : [this.id, ...(this.#link.rooms ?? [])]);
  }

  on<Name extends EventName<Events>>(event: Name, fn: EventHandler<Events[Name]>): void {
    this.#handlers.addEvent(event, fn);
  }

  onMessage(fn: EventHandler<Message>): void {
    this.#handlers.addHook('message', fn);
  }

  onDisconnect(fn: EventHandler<DisconnectReason>): void {
    this.#handlers.addHook('disconnect', fn);
  }

  onError(fn: EventHandler<EngineError>): void {
    this.#handlers.addHook('error', fn);
  }

  onPing(fn: EventHandler<Uint8Array>): void {
    this.#handlers.addHook('ping', fn);
  }

  onPong(fn: EventHandler<Uint8Array>): void {
    this.#handlers.addHook('pong', fn);
  }

  onLeave(fn: EventHandler<string>): void {
    this.#handlers.addHook('leave', fn);
  }

  emit<Name extends EventName<Events>>(event: Name, ...args: EmitArguments<Events[Name]>): void {
    const message = this.#scope.codec.encode(event, args[0]);
    if (!this.#ended) this.#link.send(message);
  }

  emitMessage(data: Message): void {
    const message = this.#scope.codec.encodeMessage(data);
    if (!this.#ended) this.#link.send(message);
  }

  to(target: Target): Emitter<Events> {
    return new TargetEmitter<Events>(this.#scope, target, this.#link.number);
  }

  join(room: string): void {
    checkRoomName(room, this.#scope.maxRoomNameBytes);
    if (this.#ended || this.isJoined(room)) return;
    const { maxRooms } = this.#scope;
    if ((this.#link.rooms?.size ?? 0) >= maxRooms) {
      const message = `connection ${this.id} is in maxRooms (${maxRooms}) rooms already`;
      throw new EngineError('ERR_ROOM_LIMIT', message);
    }
    this.#link.join(room);
  }

  leave(room: string): boolean {
    if (this.#ended || this.#link.rooms?.has(room) !== true) return false;
    this.#link.leave(room);
    this.#handlers.callHook('leave', room);
    return true;
  }

  isJoined(room: string): boolean {
    if (this.#ended) return false;
    return room === this.id || this.#link.rooms?.has(room) === true;
  }

  disconnect(code = 1000, reason = ''): void {
    checkClose(code, reason);
    if (this.#ended) return;
    this.#link.disconnect(code, reason);
    this.#disconnecting = true;
  }

  /** Hands a message of the peer to the handlers: an event, a native message, or an error. */
  receive(message: Message): void {
    if (this.#disconnecting) return; // it was on its way from the shard already
    try {
      const decoded = this.#scope.codec.decode(message);
      if ('event' in decoded) this.#handlers.callEvent(decoded.event, decoded.payload);
      else this.#handlers.callHook('message', decoded.native);
    } catch (error) {
      this.peerFailed(error as EngineError);
    }
  }

  /** Tells the handlers of a ping or a pong. */
  tell<Name extends keyof Hooks>(hook: Name, argument: Hooks[Name]): void {
    if (!this.#disconnecting) this.#handlers.callHook(hook, argument);
  }

  /** The peer did wrong: that is for this connection's handlers alone, or peers could fill logs. */
  peerFailed(error: EngineError): void {
    this.#handlers.callHook('error', error);
  }

  /** A handler did wrong: for this connection's `onError`, else for the engine. */
  handlerThrew(thrown: unknown): void {
    const error = handlerError(A_HANDLER, thrown);
    if (!this.#handlers.callHook('error', error)) this.#scope.report(error);
  }

  /** The connection has ended, having been in these rooms: says so, once. */
  ended(rooms: Iterable<string>, reason: DisconnectReason): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const room of rooms) this.#handlers.callHook('leave', room);
    this.#handlers.callHook('leave', this.id);
    this.#handlers.callHook('disconnect', reason);
  }
}
