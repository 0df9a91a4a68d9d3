import type { HandlerOptions } from '../../shared/api/public-types.ts';
import type { Handler } from '../../shared/app/handler-calls.ts';
import { listenOnce, unlisten } from '../../shared/app/listening.ts';
import { AppListeners, checkedListener } from './app-listeners.ts';

/** The name and the payload of an event. */
type ReceivedEvent = readonly [event: string, payload: unknown];

/** The listeners for events of no single name, and their arguments. */
interface Listening {
  /** Every event, ahead of its own listeners. */
  any: ReceivedEvent;
  /** Events that no listener is for. */
  unhandled: ReceivedEvent;
}

/** The listeners of an app for events: those of a name, of all, and of those without a listener. */
export class EventListeners extends AppListeners<Record<string, unknown>> {
  readonly #others = new AppListeners<Listening>();

  /** Adds a listener as `add`, for the next event of the name alone. */
  addOnce(event: string, fn: Handler<never>, options?: HandlerOptions): () => void {
    return listenOnce(this.lists, event, checkedListener(fn), options);
  }

  /** Takes a listener away, however often it has been added. */
  remove(event: string, fn: Handler<never>): void {
    unlisten(this.lists, event, fn);
  }

  /** Adds a listener for all events, or for those that have none. */
  addOther(
    name: keyof Listening,
    fn: (event: string, payload: unknown) => unknown,
    options?: HandlerOptions,
  ): () => void {
    checkedListener(fn);
    return this.#others.add(name, ([event, payload]) => fn(event, payload), options);
  }

  override tell(event: string, payload: unknown): unknown[] | undefined {
    this.#tellOthers(event, payload);
    return super.tell(event, payload);
  }

  override ask(event: string, payload: unknown): Promise<unknown> | undefined {
    this.#tellOthers(event, payload);
    return super.ask(event, payload);
  }

  #tellOthers(event: string, payload: unknown): void {
    if (event.startsWith('fanring:')) return; // between the library's own two sides
    this.#others.tell('any', [event, payload]);
    if (!this.lists.has(event)) this.#others.tell('unhandled', [event, payload]);
  }
}
