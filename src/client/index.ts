export type { CodecName, Message } from '../shared/codec.ts';
export { EngineError, type ErrorCode } from '../shared/errors.ts';
export { DEFAULT_EVENT_PREFIX } from '../shared/text-codec.ts';
export type { ConnectionState, Disconnection, ReconnectAttempt } from './connection.ts';
export type { AckOptions, AnyEvents, DisconnectReason } from './event-types.ts';
export type { ReconnectOptions, WsOptions } from './options.ts';
export type { VolatileEmitter } from './volatile-emitter.ts';
export type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';
export { Ws } from './ws.ts';
