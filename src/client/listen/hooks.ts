import type { AnyEvents } from '../../shared/api/public-types.ts';
import type { Message } from '../../shared/codec/codec.ts';
import type { Disconnection, ReconnectAttempt } from '../connect/connection.ts';
import type { FirstEmitter } from '../page/first-emitter.ts';

/** The listeners of a client, events aside, and their arguments. */
export interface Hooks {
  /** Those of `connect` that may say something ahead of all messages that wait. */
  greet: FirstEmitter<AnyEvents>;
  connect: undefined;
  disconnect: Disconnection;
  reconnecting: ReconnectAttempt;
  message: Message;
  error: unknown;
}
