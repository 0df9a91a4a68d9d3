export { EngineError, type ErrorCode } from '../shared/api/errors.ts';
export type { EventSchemas, EventsOf } from '../shared/api/event-schemas.ts';
export type {
  AckOptions,
  AnyEvents,
  DisconnectReason,
  HandlerOptions,
} from '../shared/api/public-types.ts';
export type { CodecName, Message } from '../shared/codec/codec.ts';
export { DEFAULT_EVENT_PREFIX } from '../shared/codec/text-codec.ts';
export type { Auth, ForEachAttempt, Protocols, Url, WsOptions } from './app/options.ts';
export { Ws } from './app/ws.ts';
export type { ConnectionState, Disconnection, ReconnectAttempt } from './connect/connection.ts';
export type { WebSocketConstructor, WebSocketLike } from './connect/web-socket.ts';
export type { FirstEmitter } from './page/first-emitter.ts';
export type { ReconnectOptions } from './page/options.ts';
export type { VolatileEmitter } from './page/volatile-emitter.ts';
