import { addHandler, callHandler, firstAnswer, type Handler } from '../shared/app/handler-calls.ts';
import { checkListener } from './checks.ts';

/** The listeners of a page: what they listen for, and the argument that they get. */
export class Listeners<Arguments> {
  readonly #lists = new Map<keyof Arguments, Handler<never>[]>();

  /**
   * Adds a listener behind those that there are.
   * @throws EngineError ERR_OPTION
   */
  add<Name extends keyof Arguments>(name: Name, fn: Handler<Arguments[Name]>): void {
    checkListener(fn);
    addHandler(this.#lists, name, fn);
  }

  /** Tells all who listen; one that throws is reported and stops nobody. Returns if any listens. */
  tell<Name extends keyof Arguments>(name: Name, argument: Arguments[Name]): boolean {
    const list = this.#lists.get(name);
    for (const fn of list ?? []) callHandler(fn, argument as never, '', report);
    return list !== undefined;
  }

  /**
   * Tells all who listen, and resolves with the first result of theirs that is not undefined.
   * @returns undefined where nobody listens
   * @throws what the first of those who fail threw; what others threw is reported
   */
  ask<Name extends keyof Arguments>(
    name: Name,
    argument: Arguments[Name],
  ): Promise<unknown> | undefined {
    const list = this.#lists.get(name);
    return list && firstAnswer(list, argument as never, '', report);
  }
}

/** Tells window.onerror, as of any uncaught error, or the console: Node has no reportError. */
export function report(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
