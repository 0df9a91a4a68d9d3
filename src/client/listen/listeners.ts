import {
  addHandler,
  callHandler,
  firstAnswer,
  type Handler,
} from '../../shared/app/handler-calls.ts';

/** The listeners of a page, by what they listen for. */
export class Listeners<Arguments> {
  protected readonly lists = new Map<keyof Arguments, Handler<never>[]>();

  /** Adds a listener behind those of its kind. @throws EngineError ERR_OPTION */
  add<Name extends keyof Arguments>(name: Name, fn: Handler<Arguments[Name]>): void {
    addHandler(this.lists, name, fn, 'a listener');
  }

  /** Calls all listeners; errors are reported and stop no other. Returns their results, if any. */
  tell<Name extends keyof Arguments>(name: Name, argument: Arguments[Name]): unknown[] | undefined {
    const list = this.lists.get(name);
    return list?.map((fn) => callHandler(fn, argument as never, '', report));
  }

  /**
   * Calls all listeners, and resolves with the first result that is not undefined.
   * @returns undefined where there is no listener
   * @throws the error of the first listener that fails; those of others are reported
   */
  ask<Name extends keyof Arguments>(
    name: Name,
    argument: Arguments[Name],
  ): Promise<unknown> | undefined {
    const list = this.lists.get(name);
    return list && firstAnswer(list, argument as never, '', report);
  }
}

/** Reports an error to window.onerror, as any uncaught one, or to the console of Node. */
export function report(error: unknown): void {
  (globalThis.reportError ?? console.error)(error);
}
