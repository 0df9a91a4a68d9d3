import { existsSync } from 'node:fs';
import { EngineError, handlerError, messageOf } from '../../shared/api/errors.ts';
import type { HandlerModule, ServerHandle } from '../../shared/api/public-types.ts';

/**
 * Loads a handler module.
 * @throws EngineError ERR_HANDLERS_LOAD
 */
export async function loadHandlers(url: string): Promise<HandlerModule> {
  let module: Partial<HandlerModule>;
  try {
    module = (await import(url)) as Partial<HandlerModule>;
  } catch (cause) {
    throw loadError(`${url} could not be loaded: ${messageOf(cause)}${hint(url)}`, { cause });
  }
  if (typeof module.onConnection !== 'function') {
    throw loadError(
      `${url} does not export a function onConnection (a default export does not count)`,
    );
  }
  for (const name of ['onServer', 'onClose'] as const) {
    if (module[name] === undefined || typeof module[name] === 'function') continue;
    throw loadError(`${name} of ${url} is no function`);
  }
  return module as HandlerModule;
}

/** Returns advice for an app that has been built, and whose URL still names the source. */
function hint(url: string): string {
  const source = new URL(url);
  if (!/\.[cm]?ts$/.test(source.pathname)) return '';
  const built = new URL(source);
  built.pathname = source.pathname.replace(/ts$/, 'js');
  if (existsSync(source) || !existsSync(built)) return '';
  const name = built.pathname.replace(/^.*\//, '');
  return `; there is ${name} beside it: name that one, a build does not change the URL`;
}

/**
 * Tells a handler module of its server, and waits until it is ready for connections.
 * @throws EngineError ERR_HANDLERS_LOAD where it throws
 */
export async function startHandlers(module: HandlerModule, server: ServerHandle): Promise<void> {
  try {
    await module.onServer?.(server);
  } catch (cause) {
    throw loadError(`onServer of ${server.endpoint} threw: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Tells a handler module that its server has closed here, and waits until it has let go of what it
 * holds.
 * @throws EngineError ERR_HANDLER where it throws
 */
export async function endHandlers(module: HandlerModule, server: ServerHandle): Promise<void> {
  try {
    await module.onClose?.(server);
  } catch (thrown) {
    throw handlerError(`onClose of ${server.endpoint}`, thrown);
  }
}

function loadError(message: string, options?: { readonly cause: unknown }): EngineError {
  return new EngineError('ERR_HANDLERS_LOAD', `handlers: ${message}`, options);
}
