export type {
  ConnectionClosed,
  ConnectionOpened,
  MessageDropped,
} from '../shared/api/diagnostic-events.ts';
export { EngineError, type ErrorCode } from '../shared/api/errors.ts';
export type { AskSchemas, EventSchemas, EventsOf } from '../shared/api/event-schemas.ts';
export type {
  ConnectionInfo,
  ConnectionPage,
  ListOptions,
  ListPage,
  RoomPage,
} from '../shared/api/list-types.ts';
export type {
  AckOptions,
  AnyEventHandler,
  AnyEvents,
  Backpressure,
  Connection,
  ConnectionRequest,
  DisconnectReason,
  Emitter,
  HandlerModule,
  HandlerOptions,
  Sender,
  ServerHandle,
} from '../shared/api/public-types.ts';
export { Refusal } from '../shared/api/refusal.ts';
export type {
  DroppedMessages,
  EngineStats,
  EventLoopStats,
  MailboxStats,
  PlainConnectionStats,
  PrimaryServerStats,
  PrimaryStats,
  RecentTimes,
  RefusedConnections,
  ServerStats,
  ShardRestarts,
  ShardStats,
  SlowConnection,
  StatsOptions,
  ThreadStats,
} from '../shared/api/stats.ts';
export {
  All,
  Broadcast,
  NotMe,
  type Target,
  type Targets,
  type Whom,
} from '../shared/api/targets.ts';
export type { KeepHeaders } from '../shared/app/kept-headers.ts';
export type { AckAnswer, AckMissing, AckResult } from '../shared/ask/ask.ts';
export type { CodecChoice, Message } from '../shared/codec/codec.ts';
export { type WithExpiry, withExpiry } from '../shared/expiry/with-expiry.ts';
export type { EmitterHandle } from '../shared/messages/emitter-messages.ts';
export type {
  CompressionOptions,
  CompressionOptions as CompressionConfig,
} from '../shared/options/compression-options.ts';
export type {
  CloseOptions,
  EngineOptions,
  EngineOptions as EngineConfig,
  TrustProxy,
} from '../shared/options/engine-options.ts';
export type { RateLimit } from '../shared/options/rate-limit-options.ts';
export type {
  Origins,
  ServerOptions,
  ServerOptions as ServerConfig,
} from '../shared/options/server-options.ts';
export type { ListenOptions } from './accept/listener.ts';
export type { TlsIdentity, TlsOptions } from './accept/tls-options.ts';
export { Engine } from './engine.ts';
export type { EngineEvents, ShardExit, ShardInfo } from './engine-events.ts';
export type { Server } from './servers/server.ts';
