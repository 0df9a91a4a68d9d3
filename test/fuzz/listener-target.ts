import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { createListener, requestListener } from '../../src/main/accept/listener.ts';
import { Engine } from '../../src/main/index.ts';
import { resolveEngineOptions } from '../../src/shared/options/engine-options.ts';
import { resolveServerOptions } from '../../src/shared/options/server-options.ts';
import { text } from '../conformance/client-frames.ts';
import { closeServer, listen } from '../end-to-end/kit/http-server.ts';
import { RawClient } from '../end-to-end/kit/raw-client.ts';
import { requestBytes } from './hostile-requests.ts';
import type { FuzzTarget } from './target.ts';

const HOST = '127.0.0.1';
/** Nothing, or an answer of HTTP that is not our fault. */
const ANSWER = /^($|HTTP\/1\.1 (101|200|4\d\d|503) )/;

/** All that a server says to some bytes, and the end or the reset behind them. */
function say(port: number, bytes: Buffer, resets: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ port, host: HOST, allowHalfOpen: true });
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.on('error', () => {}); // a reset is an answer, too
  socket.on('close', () => resolve(answer));
  if (resets) socket.write(bytes, () => socket.resetAndDestroy());
  else socket.end(bytes);
  return promise;
}

const mostlyFalse = fc.nat(9).map((digit) => digit === 0);

/** An answer without what depends on when it was given. */
function lasting(answer: string): string {
  return answer.replace(/^Date: .*$/gm, '');
}

async function openEngine() {
  const engine = new Engine({ shards: 0 });
  const errors: unknown[] = [];
  engine.on('error', (error) => errors.push(error));
  const authorize = () => nextTurn({}); // so that much may happen meanwhile
  const options = { endpoint: '/w', codec: 'negotiate', authorize } as const;
  const server = engine.server(options);
  server.onConnection((c) => c.onMessage((message) => c.emitMessage(message)));
  const { port } = await engine.listen(0, { host: HOST });
  const resolved = resolveServerOptions(options);
  const serverAt = (endpoint: string) => (endpoint === '/w' ? resolved : undefined);
  const engineOptions = resolveEngineOptions({});
  const http = createListener(engineOptions);
  http.on('request', requestListener(engineOptions, serverAt, undefined, assert.ifError));
  await engine.attach(http);
  return { engine, port, errors, http, httpPort: await listen(http) };
}

/**
 * A real listener gives each request an answer of HTTP or an end, and goes on. The answer is that
 * of an HTTP server that reads everything by itself.
 */
export function createListenerTarget(): FuzzTarget {
  let opened: ReturnType<typeof openEngine> | undefined;
  return {
    name: 'listener',
    share: 5,
    property: () => {
      opened ??= openEngine();
      return fc.asyncProperty(requestBytes, mostlyFalse, async (bytes, resets) => {
        const { port, httpPort, errors } = await (opened as ReturnType<typeof openEngine>);
        const [answer, httpAnswer] = await Promise.all(
          [port, httpPort].map((to) => say(to, bytes, resets)),
        );
        assert.match(answer as string, ANSWER);
        if (!resets) assert.equal(lasting(answer as string), lasting(httpAnswer as string));
        assert.deepEqual(errors.splice(0), []);
      });
    },
    async finish() {
      if (opened === undefined) return;
      const { engine, port, http } = await opened;
      const client = await RawClient.open(port, '/w');
      client.send(text('still there'));
      assert.equal(await client.message(), 'still there');
      await client[Symbol.asyncDispose]();
      await engine.close();
      await closeServer(http);
    },
  };
}
