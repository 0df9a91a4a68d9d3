import type { ServerResponse } from 'node:http';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import { clientScript, MSGPACK_MODULE, msgpackModule } from './client-script.ts';
import { answer } from './plain-answer.ts';

/**
 * What is served at `clientScriptPath`, for servers with the default prefix, and behind each
 * endpoint, for that one; the module that the script imports is beside it.
 * @param serverAt the options of the server at an endpoint
 * @returns what makes the script; undefined where there is none
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
 * @param report is told why there is no script, which is answered with 500
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
