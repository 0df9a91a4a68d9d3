import type {
  AnyEvents,
  EmitArguments,
  EventName,
  PayloadOf,
  Sender,
} from '../shared/api/public-types.ts';
import type { Message } from '../shared/codec/codec.ts';
import { excepting, type Selection } from '../shared/emit/selection.ts';
import { type SenderScope, sendEvent, sendMessage } from '../shared/emit/target-emitter.ts';

/** `to(target)` in a thread that gets no answers, and so asks nothing. */
export class TargetSender<Events extends object = AnyEvents> implements Sender<Events> {
  readonly #scope: SenderScope;
  readonly #selection: Selection;

  constructor(scope: SenderScope, selection: Selection) {
    this.#scope = scope;
    this.#selection = selection;
  }

  except(exceptions: string | readonly string[]): Sender<Events> {
    return new TargetSender<Events>(this.#scope, excepting(this.#selection, exceptions));
  }

  emit<Name extends EventName<Events>>(
    event: Name,
    ...args: EmitArguments<PayloadOf<Events[Name]>>
  ): void {
    sendEvent(this.#scope, this.#selection, event, args[0]);
  }

  emitMessage(data: Message): void {
    sendMessage(this.#scope, this.#selection, data);
  }
}
