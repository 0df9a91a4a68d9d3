import { readFileSync } from 'node:fs';
import { EngineError } from '../../shared/api/errors.ts';
import { DEFAULT_EVENT_PREFIX } from '../../shared/codec/text-codec.ts';

/** The name under which the script looks for the msgpack codec, beside itself. */
export const MSGPACK_MODULE = 'iris-ws-msgpack.js';

/** The script as it is built; the same path from src/main and from dist/main. */
export const BUILT_CLIENT_SCRIPT = new URL('../../../dist/client/iris-ws.js', import.meta.url);

/** The module of the msgpack codec as it is built. */
export const BUILT_MSGPACK_MODULE = new URL(MSGPACK_MODULE, BUILT_CLIENT_SCRIPT);

let builtBody: string | undefined;
let builtModule: Buffer | undefined;

/** Scripts by their prefix: all answers share one buffer. */
const scripts = new Map<string, Buffer>();
const MOST_SCRIPTS = 64;

/**
 * Returns the browser client as a classic script, which sets a global `Ws`.
 * @param options.eventPrefix the one of the servers that its pages connect to
 * @throws EngineError ERR_OPTION where the script has not been built
 */
export function clientScript({ eventPrefix = DEFAULT_EVENT_PREFIX } = {}): Buffer {
  builtBody ??= readClientScript(BUILT_CLIENT_SCRIPT);
  let script = scripts.get(eventPrefix);
  if (script === undefined) {
    script = Buffer.from(clientScriptHead(eventPrefix) + builtBody);
    if (scripts.size === MOST_SCRIPTS) scripts.clear(); // servers come and go
    scripts.set(eventPrefix, script);
  }
  return script;
}

/**
 * Returns the msgpack codec as a module, which the script imports when a page asks for msgpack.
 * @throws EngineError ERR_OPTION where it has not been built
 */
export function msgpackModule(): Buffer {
  builtModule ??= Buffer.from(readBuilt(BUILT_MSGPACK_MODULE));
  return builtModule;
}

/**
 * Returns the head of the script, its only part that depends on the prefix. It is ASCII without '<',
 * so that it means the same in any charset and inside a page.
 */
export function clientScriptHead(eventPrefix: string): string {
  const literal = JSON.stringify(eventPrefix).replace(/[^ -;=-~]/g, escapeCharacter);
  return `(()=>{const EVENT_PREFIX=${literal};\n`;
}

/**
 * Reads a built script, without its head.
 * @throws EngineError ERR_OPTION
 */
export function readClientScript(file: URL): string {
  return readBuilt(file).slice(clientScriptHead(DEFAULT_EVENT_PREFIX).length);
}

function readBuilt(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const message = `clientScriptPath: there is no ${file.pathname}; run npm run build:client`;
    throw new EngineError('ERR_OPTION', message, { cause });
  }
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
