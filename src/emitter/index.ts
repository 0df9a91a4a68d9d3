export type { Message } from '../shared/codec.ts';
export type { EmitterHandle } from '../shared/emitter-messages.ts';
export { EngineError, type ErrorCode } from '../shared/errors.ts';
export type { AnyEvents, Sender } from '../shared/public-types.ts';
export { All, type Target, type Targets } from '../shared/targets.ts';
export { openEmitter } from './open-emitter.ts';
export type { ServerEmitter, ThreadEmitter } from './thread-emitter.ts';
