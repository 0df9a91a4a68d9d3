export type { Message } from '../shared/codec.ts';
export { EngineError, type ErrorCode } from '../shared/errors.ts';
export { DEFAULT_EVENT_PREFIX } from '../shared/text-codec.ts';
export { type DisconnectReason, MAX_WAITING_MESSAGES } from './connection.ts';
export { Ws, type WsOptions } from './ws.ts';
