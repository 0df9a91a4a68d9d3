type Listener = (argument: never) => unknown;

/** The listeners of a page: what they listen for, and the argument that they get. */
export class Listeners<Arguments> {
  readonly #lists = new Map<keyof Arguments, Listener[]>();

  /** Adds a listener behind those that there are. */
  add<Name extends keyof Arguments>(name: Name, fn: (argument: Arguments[Name]) => unknown): void {
    // A new list: whom a listener adds is not told what is being told now.
    this.#lists.set(name, [...(this.#lists.get(name) ?? []), fn]);
  }

  /** Tells all who listen; one that throws is reported and stops nobody. Returns if any listens. */
  tell<Name extends keyof Arguments>(name: Name, argument: Arguments[Name]): boolean {
    const list = this.#lists.get(name);
    for (const fn of list ?? []) {
      try {
        const result: unknown = fn(argument as never);
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    }
    return list !== undefined;
  }

  /**
   * Tells all who listen, and resolves with the first result of theirs that is not undefined.
   * @returns undefined where nobody listens
   * @throws what the first of those who fail threw; the others have been told all the same
   */
  ask<Name extends keyof Arguments>(
    name: Name,
    argument: Arguments[Name],
  ): Promise<unknown> | undefined {
    const list = this.#lists.get(name);
    if (list === undefined) return undefined;
    const results = list.map(async (fn): Promise<unknown> => fn(argument as never));
    return Promise.all(results).then((all) => all.find((result) => result !== undefined));
  }
}

/** Tells window.onerror, as of any uncaught error, or the console: Node has no reportError. */
export function report(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
