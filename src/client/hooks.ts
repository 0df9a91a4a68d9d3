import type { Message } from '../shared/codec/codec.ts';
import type { Disconnection, ReconnectAttempt } from './connection.ts';

/** What a client tells its listeners, events aside, and with which argument. */
export interface Hooks {
  connect: undefined;
  disconnect: Disconnection;
  reconnecting: ReconnectAttempt;
  message: Message;
  error: unknown;
}
