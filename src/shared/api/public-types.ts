import type { AckResult } from '../ask/ask.ts';
import type { Message } from '../codec/codec.ts';
import type { EngineError } from './errors.ts';
import type { EventForms, ReceivedEntry, SentEntry } from './event-forms.ts';
import type { EventSchemas } from './event-schemas.ts';
import type { ConnectionPage, ListOptions, RoomPage } from './list-types.ts';
import type { Targets, Whom } from './targets.ts';

/** An event map of any kind: event name → payload type. */
export type AnyEvents = Record<string, unknown>;

/** The names of the events in an event map. */
export type EventName<Events> = Extract<keyof Events, string>;

/**
 * The payload of an event: its type in the event map. Where that is a function, the payload is the
 * function's parameter, undefined if it has none.
 */
export type PayloadOf<Entry> = PlainPayload<SentEntry<Entry>>;

/** The payload of an event as a server's handlers get it: that which its schema makes of it. */
type CheckedPayload<Entry> = PlainPayload<ReceivedEntry<Entry>>;

type PlainPayload<Entry> = [Entry] extends [(...args: infer Args extends unknown[]) => unknown]
  ? Args extends []
    ? undefined
    : Args[0]
  : Entry;

/** The answer to an event: the result of its function in the event map. */
export type AnswerOf<Entry> =
  SentEntry<Entry> extends (...payload: never[]) => infer Answer ? Awaited<Answer> : unknown;

/** The answer to an event of a server: that which its schema makes of a client's. */
export type CheckedAnswer<Entry> = AnswerOf<ReceivedEntry<Entry>>;

/** The names of events that are answered: in the event map they are functions. */
export type AskName<Events> = {
  [Name in EventName<Events>]: unknown extends Events[Name]
    ? Name
    : SentEntry<Events[Name]> extends (...payload: never[]) => unknown
      ? Name
      : never;
}[EventName<Events>];

/**
 * A handler of an event. Its result, or the value that its promise resolves to, is the answer. A
 * handler that only listens returns nothing.
 */
export type EntryHandler<Entry> = unknown extends Entry
  ? EventHandler<Entry>
  : [SentEntry<Entry>] extends [(...payload: never[]) => infer Answer]
    ? Listener<Received<PayloadOf<Entry>>, Awaited<Answer> | Nothing>
    : Listener<Received<SentEntry<Entry>>, unknown>;

/** A handler of an event on a server: the same, but behind the event's schema. */
export type CheckedHandler<Entry> = [Entry] extends [EventForms<infer Sent, unknown>]
  ? [Sent] extends [(...payload: never[]) => infer Answer]
    ? Listener<[payload: CheckedPayload<Entry>], Awaited<Answer> | Nothing>
    : Listener<[payload: CheckedPayload<Entry>], unknown>
  : EntryHandler<Entry>;

/** Checks the payload strictly: a method would let a handler expect less than may come. */
type Listener<Args extends unknown[], Result> = (...args: Args) => Result | Promise<Result>;

/** The arguments of a handler. A payload left out arrives as '' in text, as null in msgpack. */
type Received<Payload> = [Payload] extends [undefined]
  ? []
  : unknown extends Payload
    ? [payload: Payload]
    : undefined extends Payload
      ? [payload: Exclude<Payload, undefined> | '' | null]
      : [payload: Payload];

// biome-ignore lint/suspicious/noConfusingVoidType: the result of a listener that returns nothing
type Nothing = void;

/** Options of `emitWithAck`. */
export interface AckOptions {
  /** Milliseconds to wait for answers: 1 to 2^31 − 1. Default 10 000. */
  readonly timeoutMs?: number | undefined;
}

/** The arguments of `emitWithAck`. */
export type AskArguments<Payload> = undefined extends Payload
  ? [payload?: Payload, options?: AckOptions]
  : [payload: Payload, options?: AckOptions];

/**
 * A handler of one event. As a method's its parameters are checked both ways: for an event without
 * a declared payload it may name the type that it expects.
 */
export type EventHandler<Payload> = { handle(payload: Payload): unknown }['handle'];

/** Options of a handler. */
export interface HandlerOptions {
  /** Takes the handler away when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A handler of all events: of their names, and their payloads. */
export type AnyEventHandler<Events> = {
  handle(
    ...received: {
      [Name in EventName<Events>]: [event: Name, payload: CheckedPayload<Events[Name]>];
    }[EventName<Events>]
  ): unknown;
}['handle'];

/** The arguments of `emit`: the payload may be left out where the event map allows undefined. */
export type EmitArguments<Payload> = undefined extends Payload ? [payload?: Payload] : [Payload];

/** The HTTP request that opened a connection. */
export interface ConnectionRequest {
  readonly method: string;
  /** Path and query, as the client sent it. */
  readonly url: string;
  /** Lower-case names; a header sent more than once is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The client's IP address. */
  readonly remoteAddress: string;
  /** The token that the client has sent in its handshake, apart from headers and URL. */
  readonly token?: string | undefined;
}

/** The reason why a connection ended. */
export interface DisconnectReason {
  /** RFC 6455 close code; 1005: the client gave none, 1006: the connection broke. */
  readonly code: number;
  readonly reason: string;
}

/** The backpressure of one connection. */
export interface Backpressure {
  /**
   * 'behind': a message has found no room within `maxBufferedBytes`; 'caughtUp': all that waited
   * has gone; 'closed': it ends while it is behind.
   */
  readonly state: 'behind' | 'caughtUp' | 'closed';
  /** Bytes that wait for it; those of a closed one may not arrive. */
  readonly queuedBytes: number;
  /** Messages that it has lost since it fell behind. */
  readonly droppedMessages: number;
  /** Their bytes, as frames. */
  readonly droppedBytes: number;
}

/** Sends to a target, without answers. */
export interface Sender<Events extends object = AnyEvents> {
  /**
   * The same target without the connections of these rooms and ids.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION
   */
  except(exceptions: string | readonly string[]): Sender<Events>;
  /**
   * Sends an event to every connection of the target.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, ERR_OUTBOX_FULL
   */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void;
  /**
   * Sends a native message: a string as a text frame, bytes as a binary frame.
   * @throws EngineError ERR_PAYLOAD, ERR_OUTBOX_FULL
   */
  emitMessage(data: Message): void;
}

/** Sends to a target: `to(target).emit(event, payload)`. */
export interface Emitter<Events extends object = AnyEvents> extends Sender<Events> {
  except(exceptions: string | readonly string[]): Emitter<Events>;
  /**
   * Sends an event to every connection of the target and collects the answers: the results of the
   * clients' handlers. A client that is not known to answer gets the event, too.
   * @throws EngineError ERR_OPTION, ERR_EVENT_NAME, ERR_PAYLOAD, ERR_ROOM_NAME, ERR_OUTBOX_FULL
   */
  emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...args: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AckResult<CheckedAnswer<Events[Name]>>>;
}

/** A server as a connection sees it, on the primary and in the shards alike. */
export interface ServerHandle<Events extends object = AnyEvents> {
  readonly endpoint: string;
  /**
   * Sends from outside any connection; NotMe then means everyone.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION
   */
  to(target: Targets): Emitter<Events>;
  /**
   * The number of connections, or of those in a room, at this moment. Joins and leaves of a
   * handler's own connection count at once, and so does its end.
   */
  count(of?: { readonly room?: string | undefined }): number;
  /**
   * Lists connections: everyone's, or a room's.
   * @throws EngineError ERR_OPTION, ERR_OUTBOX_FULL
   */
  connections(
    options?: ListOptions & { readonly room?: string | undefined },
  ): Promise<ConnectionPage>;
  /**
   * Lists the rooms that connections have joined, those of ids not among them.
   * @throws EngineError ERR_OPTION, ERR_OUTBOX_FULL
   */
  rooms(options?: ListOptions): Promise<RoomPage>;
  /**
   * Has connections enter a room: messages of this thread to the room from now on reach them. Where
   * one is in `maxRooms` rooms already, its `onError` is told.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION, ERR_OUTBOX_FULL
   */
  join(whom: Whom, room: string): void;
  /**
   * Has connections leave a room.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION, ERR_OUTBOX_FULL
   */
  leave(whom: Whom, room: string): void;
  /**
   * Closes connections; messages that were sent to them before still go out.
   * @param code as of `Connection.disconnect`
   * @throws EngineError ERR_CLOSE_CODE, ERR_ROOM_NAME, ERR_OPTION, ERR_OUTBOX_FULL
   */
  disconnect(whom: Whom, code?: number, reason?: string): void;
}

/** One WebSocket connection: the same interface on the primary and in a handler module. */
export interface Connection<Events extends object = AnyEvents, Data = unknown> {
  readonly id: string;
  readonly server: ServerHandle<Events>;
  /** The number of the shard, from 1, whose thread owns the socket. */
  readonly shard: number;
  readonly request: ConnectionRequest;
  /** The last result of `authorize`; undefined where there is none. */
  readonly data: Data;
  /** Values that the app keeps for this connection. */
  readonly values: Map<unknown, unknown>;
  /** The rooms it is in; one is named by its own id. Empty once it has closed. */
  readonly rooms: ReadonlySet<string>;
  // Each of these returns a function that takes the handler away.
  /**
   * Calls `fn` with the payload of each such event; several handlers run in the order of their
   * adding. Where the client asks, the answer is the first result that is not undefined.
   * @throws EngineError ERR_EVENT_NAME, ERR_OPTION
   */
  on<Name extends EventName<Events>>(
    event: Name,
    fn: CheckedHandler<Events[Name]>,
    options?: HandlerOptions,
  ): () => void;
  /** Calls `fn` as `on`, for the next such event alone. */
  once<Name extends EventName<Events>>(
    event: Name,
    fn: CheckedHandler<Events[Name]>,
    options?: HandlerOptions,
  ): () => void;
  /** Takes a handler away that was given to `on` or `once`. */
  off<Name extends EventName<Events>>(event: Name, fn: CheckedHandler<Events[Name]>): void;
  /** Calls `fn` with each event, ahead of the event's own handlers. */
  onAny(fn: AnyEventHandler<Events>, options?: HandlerOptions): () => void;
  /** Calls `fn` with each event that has no handler of its own. */
  onUnhandled(
    fn: (event: string, payload: unknown) => unknown,
    options?: HandlerOptions,
  ): () => void;
  /** Calls `fn` with each native message: a string for a text frame, bytes for a binary one. */
  onMessage(fn: EventHandler<Message>, options?: HandlerOptions): () => void;
  /** Calls `fn` once, when the connection has ended, after the last `onLeave`; late ones at once. */
  onDisconnect(fn: EventHandler<DisconnectReason>, options?: HandlerOptions): () => void;
  /** Calls `fn` with each error: a malformed event, a violation, a handler that threw. */
  onError(fn: EventHandler<EngineError>, options?: HandlerOptions): () => void;
  /** Calls `fn` when the connection falls behind, and when it has caught up or ends behind. */
  onBackpressure(fn: EventHandler<Backpressure>, options?: HandlerOptions): () => void;
  /** Calls `fn` with the payload of each ping of the client; the pong is sent without it. */
  onPing(fn: EventHandler<Uint8Array>, options?: HandlerOptions): () => void;
  /** Calls `fn` with the payload of each pong of the client. */
  onPong(fn: EventHandler<Uint8Array>, options?: HandlerOptions): () => void;
  /** Calls `fn` with each room that the connection leaves, at its close too. */
  onLeave(fn: EventHandler<string>, options?: HandlerOptions): () => void;
  /** Calls `fn` with the new `data`, when `authorize` has let in a new token of the client. */
  onDataChange(fn: EventHandler<Data>, options?: HandlerOptions): () => void;
  /**
   * Sends an event to this connection; without effect once it has ended.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD, ERR_OUTBOX_FULL
   */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void;
  /**
   * Sends a native message to this connection; without effect once it has ended.
   * @throws EngineError ERR_PAYLOAD, ERR_OUTBOX_FULL
   */
  emitMessage(data: Message): void;
  /**
   * Sends an event to this connection; resolves with the answer of its client.
   * @throws EngineError ERR_ACK_TIMEOUT, ERR_ACK_UNSUPPORTED, ERR_ACK_FAILED, ERR_CONNECTION_ENDED;
   *   ERR_OPTION, ERR_EVENT_NAME, ERR_PAYLOAD, ERR_OUTBOX_FULL
   */
  emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...args: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<CheckedAnswer<Events[Name]>>;
  /**
   * Sends to a target; this connection is the sender that NotMe leaves out.
   * @throws EngineError ERR_ROOM_NAME, ERR_OPTION
   */
  to(target: Targets): Emitter<Events>;
  /**
   * Enters a room; messages of this thread to the room from now on reach the connection.
   * @throws EngineError ERR_ROOM_NAME, ERR_ROOM_LIMIT, ERR_OUTBOX_FULL
   */
  join(room: string): void;
  /**
   * Leaves a room; false where it is not in the room, or that is the room of its own id.
   * @throws EngineError ERR_OUTBOX_FULL
   */
  leave(room: string): boolean;
  isJoined(room: string): boolean;
  /**
   * Closes the connection; messages sent before still go out, nothing more is received.
   * @param code 1000 (default) … 1014 without 1004–1006, or 3000–4999 (RFC 6455 section 7.4)
   * @param reason at most 123 bytes of UTF-8
   * @throws EngineError ERR_CLOSE_CODE, ERR_OUTBOX_FULL
   */
  disconnect(code?: number, reason?: string): void;
}

/** The exports of a handler module. */
export interface HandlerModule<Events extends object = AnyEvents, Data = unknown> {
  /**
   * Schemas of events, each by its name. A payload that does not match reaches no handler. Where
   * they are none, the server cannot start: ERR_HANDLERS_LOAD.
   */
  readonly events?: EventSchemas | undefined;
  /**
   * Runs for each new connection, in the shard that owns its socket. The connection opens when its
   * promise has resolved; a rejection refuses it.
   */
  onConnection(connection: Connection<Events, Data>): unknown;
  /**
   * Runs once in every shard, before the first connection of the server. Upgrades wait until its
   * promise resolves. Where it throws, the server cannot start: ERR_HANDLERS_LOAD.
   */
  onServer?(server: ServerHandle<Events>): unknown;
  /**
   * Runs once in every shard that `onServer` has run in, when the server or the engine is closed.
   * The last connection has ended by then, and so have handlers at work. `close` waits for its
   * promise until `timeoutMs`. It does not run where the shard dies.
   */
  onClose?(server: ServerHandle<Events>): unknown;
}
