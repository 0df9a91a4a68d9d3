import type { ServerResponse } from 'node:http';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import { clientScript, MSGPACK_MODULE, msgpackModule } from './client-script.ts';
import { answer } from './plain-answer.ts';

/**
 * Finds the script at a path: at `clientScriptPath` the one for the default prefix, and behind each
 * endpoint the one for that server. The module that the script imports is beside it.
 * @param serverAt returns the options of the server at an endpoint
 * @returns a function that makes the script; undefined where there is none
 */
export function scriptAt(
  path: string,
  scriptPath: string,
  serverAt: (endpoint: string) => ResolvedServerOptions | undefined,
): (() => Buffer) | undefined {
  const modulePath = scriptPath.replace(/[^/]*$/, MSGPACK_MODULE);
  const suffix = [scriptPath, modulePath].find((end) => path.endsWith(end));
  if (scriptPath === '' || suffix === undefined) return undefined;
  const endpoint = path.slice(0, -suffix.length);
  const server = endpoint === '' ? {} : (serverAt(endpoint) ?? serverAt(`${endpoint}/`));
  if (server === undefined) return undefined;
  return suffix === scriptPath ? () => clientScript(server) : msgpackModule;
}

/**
 * Answers a request for a script: GET and HEAD get it.
 * @param report gets the error where the script cannot be made, and the answer is 500
 */
export function serveScript(
  method: string | undefined,
  response: ServerResponse,
  createScript: () => Buffer,
  report: (error: unknown) => void,
): void {
  if (method !== 'GET' && method !== 'HEAD') {
    answer(response, 405, 'Method Not Allowed', { Allow: 'GET, HEAD' });
    return;
  }
  let script: Buffer;
  try {
    script = createScript();
  } catch (error) {
    answer(response, 500, 'Internal Server Error');
    report(error);
    return;
  }
  response.writeHead(200, {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Content-Length': script.length,
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : script);
}
