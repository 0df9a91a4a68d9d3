import type { HandlerOptions } from '../api/public-types.ts';
import { isObject, optionError } from '../options/option-rules.ts';
import { addHandler, type Handler } from './handler-calls.ts';

/** The function that the app gave to `once`, by the handler that is called in its place. */
const originals = new WeakMap<Handler<never>, Handler<never>>();

/** Handlers by what they are for. */
type Lists<Key> = Map<Key, Handler<never>[]>;

/**
 * Adds a handler behind those of its kind, until it is taken away or the signal is aborted.
 * @returns a function that takes it away
 * @throws EngineError ERR_OPTION
 */
export function listen<Key>(
  lists: Lists<Key>,
  key: Key,
  handler: Handler<never>,
  options: HandlerOptions = {},
): () => void {
  const signal = signalOf(options);
  let isThere = true;
  const remove = () => {
    signal?.removeEventListener('abort', remove);
    if (isThere) take(lists, key, (other) => other === handler);
    isThere = false;
  };
  addHandler(lists, key, handler);
  if (signal?.aborted) remove();
  else signal?.addEventListener('abort', remove);
  return remove;
}

/** Adds a handler as {@link listen}, which is taken away before its first call. */
export function listenOnce<Key>(
  lists: Lists<Key>,
  key: Key,
  handler: Handler<never>,
  options?: HandlerOptions,
): () => void {
  const once = (argument: never) => {
    remove();
    return handler(argument);
  };
  // What is no function must be refused as such.
  const remove = listen(lists, key, typeof handler === 'function' ? once : handler, options);
  originals.set(once, handler);
  return remove;
}

/** Takes a handler away, however often it has been added, by `listen` or `listenOnce`. */
export function unlisten<Key>(lists: Lists<Key>, key: Key, handler: Handler<never>): void {
  while (take(lists, key, (other) => (originals.get(other) ?? other) === handler));
}

/** Takes the first handler away that is meant; false where there is none. */
function take<Key>(
  lists: Lists<Key>,
  key: Key,
  isMeant: (handler: Handler<never>) => boolean,
): boolean {
  const list = lists.get(key) ?? [];
  const at = list.findIndex(isMeant);
  if (at < 0) return false;
  // A new list: the call at hand still goes to all that were there when it began.
  const rest = list.toSpliced(at, 1);
  if (rest.length > 0) lists.set(key, rest);
  else lists.delete(key);
  return true;
}

function signalOf(options: HandlerOptions): AbortSignal | undefined {
  if (!isObject(options)) throw optionError('options', options, 'an object such as { signal }');
  const { signal } = options;
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw optionError('signal', signal, 'an AbortSignal');
}
