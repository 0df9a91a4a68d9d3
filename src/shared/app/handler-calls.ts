/** A handler of the app. */
export type Handler<Argument> = (argument: Argument) => unknown;

/** Gets what a handler threw; `of`: the event it listens for, or the method that it was given to. */
export type OnThrown = (thrown: unknown, of: string) => void;

/**
 * Calls a handler of the app. What it throws, at once or later, keeps neither the other handlers nor
 * the thread from work.
 * @returns what it returned
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
 * Calls the handlers of a question: the first result, or what its promise resolves to, that is not
 * undefined.
 * @param onThrown gets what further handlers threw, where more than one did
 * @throws what the first of those that fail threw; all others have been called all the same
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

/** Adds a handler behind those of its kind that there are. */
export function addHandler<Key, Value>(lists: Map<Key, Value[]>, key: Key, handler: Value): void {
  // A new list: a handler that adds another must not have it called for the message at hand.
  lists.set(key, [...(lists.get(key) ?? []), handler]);
}
