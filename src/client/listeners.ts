/** The listeners of a page: what they listen for, and the argument that they get. */
export interface Listeners<Arguments> {
  /** Adds a listener behind those that there are. */
  add<Name extends keyof Arguments>(name: Name, fn: (argument: Arguments[Name]) => unknown): void;
  /** Tells all who listen; one that throws is reported and stops nobody. Returns if any listens. */
  tell<Name extends keyof Arguments>(name: Name, argument: Arguments[Name]): boolean;
}

/** Makes an empty set of listeners. */
export function createListeners<Arguments>(): Listeners<Arguments> {
  const lists = new Map<keyof Arguments, ((argument: never) => unknown)[]>();
  return {
    add(name, fn) {
      // A new list: whom a listener adds is not told what is being told now.
      lists.set(name, [...(lists.get(name) ?? []), fn]);
    },
    tell(name, argument) {
      const list = lists.get(name) ?? [];
      for (const fn of list) {
        try {
          fn(argument as never);
        } catch (error) {
          // window.onerror hears of it, as of any uncaught error; Node has no reportError.
          (globalThis.reportError ?? console.error)(error);
        }
      }
      return list.length > 0;
    },
  };
}
