export { EngineError, type ErrorCode } from '../shared/api/errors.ts';
export type { AckOptions, AnyEvents, DisconnectReason } from '../shared/api/public-types.ts';
export type { CodecName, Message } from '../shared/codec/codec.ts';
export { DEFAULT_EVENT_PREFIX } from '../shared/codec/text-codec.ts';
export type { ConnectionState, Disconnection, ReconnectAttempt } from './connection.ts';
export type { ReconnectOptions, WsOptions } from './options.ts';
export type { VolatileEmitter } from './volatile-emitter.ts';
export type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';
export { Ws } from './ws.ts';
