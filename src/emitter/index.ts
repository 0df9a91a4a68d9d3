export { EngineError, type ErrorCode } from '../shared/api/errors.ts';
export type { AnyEvents, Sender } from '../shared/api/public-types.ts';
export { All, type Target, type Targets } from '../shared/api/targets.ts';
export type { Message } from '../shared/codec/codec.ts';
export type { EmitterHandle } from '../shared/messages/emitter-messages.ts';
export { openEmitter } from './open-emitter.ts';
export type { ServerEmitter, ThreadEmitter } from './thread-emitter.ts';
