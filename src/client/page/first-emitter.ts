import type { AnswerOf, AskArguments, AskName, PayloadOf } from '../../shared/api/public-types.ts';
import type { VolatileEmitter } from './volatile-emitter.ts';

/**
 * Sends ahead of all messages that wait, on one new connection: a login, say. Once that connection
 * has ended, events and messages are dropped.
 */
export interface FirstEmitter<Events extends object> extends VolatileEmitter<Events> {
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
