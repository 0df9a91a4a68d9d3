import type { HandlerOptions } from '../../shared/api/public-types.ts';
import type { Handler } from '../../shared/app/handler-calls.ts';
import { listen } from '../../shared/app/listening.ts';
import { isFunction, optionError } from '../../shared/options/option-rules.ts';
import { Listeners } from './listeners.ts';

/** The listeners of an app: each can be taken away. */
export class AppListeners<Arguments> extends Listeners<Arguments> {
  /**
   * Adds a listener behind those of its kind, until it is taken away or the signal is aborted.
   * @returns a function that takes it away
   * @throws EngineError ERR_OPTION
   */
  override add<Name extends keyof Arguments>(
    name: Name,
    fn: Handler<Arguments[Name]>,
    options?: HandlerOptions,
  ): () => void {
    return listen(this.lists, name, checkedListener(fn), options);
  }
}

/** Refuses a listener that is none. @throws EngineError ERR_OPTION */
export function checkedListener<Fn>(fn: Fn): Fn {
  if (!isFunction(fn)) throw optionError('a listener', fn, 'a function');
  return fn;
}
