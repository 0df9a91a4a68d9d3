import { EngineError } from '../api/errors.ts';
import { type CheckOptions, EventChecks } from './event-checks.ts';

/** The options of a server with a handler module. */
interface ModuleOptions extends CheckOptions {
  readonly handlers: string | undefined;
}

/**
 * The checks by the schemas that a handler module exports as `events`; undefined where it has none.
 * @throws EngineError ERR_HANDLERS_LOAD
 */
export function moduleChecks(
  events: unknown,
  options: ModuleOptions,
  counters: { invalidPayloads: number },
): EventChecks | undefined {
  const { handlers, checkOutgoing } = options;
  if (events !== undefined) {
    const what = `handlers: events of ${handlers}`;
    return new EventChecks(events, options, counters, what, 'ERR_HANDLERS_LOAD');
  }
  if (!checkOutgoing || handlers === undefined) return undefined;
  const message = `handlers: ${handlers} exports no events, by which checkOutgoing would check`;
  throw new EngineError('ERR_HANDLERS_LOAD', message);
}
