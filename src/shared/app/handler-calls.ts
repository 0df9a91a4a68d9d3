import { isFunction, optionError } from '../options/option-rules.ts';

/** A handler of the app. */
export type Handler<Argument> = (argument: Argument) => unknown;

/** Gets the error of a handler; `of`: the handler's event, or the method that it was given to. */
export type OnThrown = (thrown: unknown, of: string) => void;

/** Whether to await a value: the lazy result of a database need not be a Promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Calls a handler of the app. An error that it throws, at once or later, keeps neither the other
 * handlers nor the thread from work.
 * @returns the result of the handler
 */
export function callHandler<Argument>(
  handler: Handler<Argument>,
  argument: Argument,
  of: string,
  onThrown: OnThrown,
): unknown {
  try {
    const result = handler(argument);
    if (result instanceof Promise) result.catch((thrown) => onThrown(thrown, of));
    return result;
  } catch (thrown) {
    onThrown(thrown, of);
    return undefined;
  }
}

/**
 * Calls the handlers of an ask. The answer is the first result that is not undefined, of a promise
 * the value that it resolves to.
 * @param onThrown gets the errors of further handlers, where more than one fails
 * @throws the error of the first handler that fails; all others have been called all the same
 */
export async function firstAnswer<Argument>(
  handlers: readonly Handler<Argument>[],
  argument: Argument,
  of: string,
  onThrown: OnThrown,
): Promise<unknown> {
  const results = await Promise.allSettled(handlers.map(async (handler) => handler(argument)));
  const [failure, ...others] = results.filter((result) => result.status === 'rejected');
  for (const { reason } of others) onThrown(reason, of);
  if (failure) throw failure.reason;
  const values = results.map((result) => (result as { value?: unknown }).value);
  return values.find((value) => value !== undefined);
}

/**
 * Adds a handler behind those of its kind.
 * @param name names the handler in errors
 * @throws EngineError ERR_OPTION
 */
export function addHandler<Key, Value>(
  lists: Map<Key, Value[]>,
  key: Key,
  handler: Value,
  name = 'a handler',
): void {
  if (!isFunction(handler)) throw optionError(name, handler, 'a function');
  // A new list: a handler that adds another must not have it called for the message at hand.
  lists.set(key, [...(lists.get(key) ?? []), handler]);
}
