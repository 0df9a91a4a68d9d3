import type {
  AnswerOf,
  AskArguments,
  AskName,
  EmitArguments,
  EventName,
  PayloadOf,
} from '../shared/api/public-types.ts';
import type { Message } from '../shared/codec/codec.ts';

/**
 * Sends ahead of all messages that wait, on one new connection: a login, say. Once that connection
 * has ended, events and messages are dropped.
 */
export interface FirstEmitter<Events extends object> {
  /** Sends an event. @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void;
  /** Sends a native message. @throws EngineError ERR_PAYLOAD */
  emitMessage(data: Message): void;
  /**
   * Sends an event; resolves with the answer of the server.
   * @throws EngineError ERR_ACK_TIMEOUT, ERR_ACK_FAILED, ERR_CONNECTION_ENDED; ERR_OPTION,
   *   ERR_EVENT_NAME, ERR_PAYLOAD
   */
  emitWithAck<Name extends AskName<Events>>(
    event: Name,
    ...args: AskArguments<PayloadOf<Events[Name]>>
  ): Promise<AnswerOf<Events[Name]>>;
}
