export type { AckAnswer, AckMissing, AckResult } from '../shared/asks.ts';
export type { CodecChoice, Message } from '../shared/codec.ts';
export type { CompressionConfig } from '../shared/compression-config.ts';
export type { Origins, ServerConfig } from '../shared/config.ts';
export type {
  ConnectionClosed,
  ConnectionOpened,
  MessageDropped,
} from '../shared/diagnostic-events.ts';
export type { EmitterHandle } from '../shared/emitter-messages.ts';
export type { CloseOptions, EngineConfig, TrustProxy } from '../shared/engine-config.ts';
export { EngineError, type ErrorCode } from '../shared/errors.ts';
export type { KeepHeaders } from '../shared/kept-headers.ts';
export type {
  ConnectionInfo,
  ConnectionPage,
  ListOptions,
  ListPage,
  RoomPage,
} from '../shared/list-types.ts';
export type {
  AckOptions,
  AnyEvents,
  Backpressure,
  Connection,
  ConnectionRequest,
  DisconnectReason,
  Emitter,
  HandlerModule,
  Sender,
  ServerHandle,
} from '../shared/public-types.ts';
export type { RateLimit } from '../shared/rate-limit.ts';
export type {
  DroppedMessages,
  EngineStats,
  EventLoopStats,
  MailboxStats,
  PrimaryServerStats,
  PrimaryStats,
  RecentTimes,
  ServerStats,
  ShardRestarts,
  ShardStats,
  SlowConnection,
  StatsOptions,
  ThreadStats,
} from '../shared/stats.ts';
export { All, Broadcast, NotMe, type Target, type Targets, type Whom } from '../shared/targets.ts';
export { Engine } from './engine.ts';
export type { EngineEvents, ShardExit, ShardInfo } from './engine-events.ts';
export type { ListenOptions } from './listener.ts';
export { Refusal } from './refusal.ts';
export type { Server } from './server.ts';
export type { TlsIdentity, TlsOptions } from './tls-options.ts';
