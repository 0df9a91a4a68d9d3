import { EngineError, messageOf } from '../shared/errors.ts';
import type { HandlerModule, ServerHandle } from '../shared/public-types.ts';

/**
 * Loads a handler module.
 * @throws EngineError ERR_HANDLERS_LOAD
 */
export async function loadHandlers(url: string): Promise<HandlerModule> {
  let module: Partial<HandlerModule>;
  try {
    module = (await import(url)) as Partial<HandlerModule>;
  } catch (cause) {
    const message = `handlers: ${url} could not be loaded: ${messageOf(cause)}`;
    throw new EngineError('ERR_HANDLERS_LOAD', message, { cause });
  }
  if (typeof module.onConnection !== 'function') {
    const message = `handlers: ${url} does not export a function onConnection`;
    throw new EngineError('ERR_HANDLERS_LOAD', message);
  }
  if (module.onServer !== undefined && typeof module.onServer !== 'function') {
    throw new EngineError('ERR_HANDLERS_LOAD', `handlers: onServer of ${url} is no function`);
  }
  return module as HandlerModule;
}

/**
 * Tells a handler module of its server, and waits until it is ready for connections.
 * @throws EngineError ERR_HANDLERS_LOAD where it throws
 */
export async function startHandlers(module: HandlerModule, server: ServerHandle): Promise<void> {
  try {
    await module.onServer?.(server);
  } catch (cause) {
    const message = `handlers: onServer of ${server.endpoint} threw: ${messageOf(cause)}`;
    throw new EngineError('ERR_HANDLERS_LOAD', message, { cause });
  }
}
