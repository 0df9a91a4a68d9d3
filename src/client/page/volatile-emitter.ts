import type { EmitArguments, EventName, PayloadOf } from '../../shared/api/public-types.ts';
import type { Message } from '../../shared/codec/codec.ts';

/** Sends events and messages that are of no use later. */
export interface VolatileEmitter<Events extends object> {
  /**
   * Sends an event; without a connection it is dropped.
   * @throws EngineError ERR_EVENT_NAME, ERR_PAYLOAD
   */
  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void;
  /** Sends a native message; without a connection it is dropped. @throws EngineError ERR_PAYLOAD */
  emitMessage(data: Message): void;
}
