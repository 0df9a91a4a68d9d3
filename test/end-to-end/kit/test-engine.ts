import { strict as assert } from 'node:assert';
import { setTimeout as later } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import {
  Engine,
  type EngineError,
  type EngineOptions,
  type HandlerModule,
  type Server,
  type ServerOptions,
} from '../../../src/main/index.ts';
import { listenOptions } from './transport.ts';

/** Where handlers run: what holds for one place must hold for the other. */
export const PLACES = ['closures', 'module'] as const;

/** One of {@link PLACES}. */
export type Place = (typeof PLACES)[number];

/** Handlers in their place, for engines of two threads and of none. */
export const SETUPS = [
  { place: 'closures', shards: 2 },
  { place: 'module', shards: 2 },
  { place: 'closures', shards: 0 },
  { place: 'module', shards: 0 },
] as const;

/** An engine on a port of the loopback interface. */
export interface TestEngine {
  readonly engine: Engine;
  readonly port: number;
  /** What the engine reported; whatever is left in here at the end fails the test. */
  readonly errors: EngineError[];
}

/** Resolves when all threads, handles and timers are gone that have come since it was made. */
export function leakCheck(): () => Promise<void> {
  const before = process.getActiveResourcesInfo().sort();
  const workers: Worker[] = [];
  const onWorker = (worker: Worker) => workers.push(worker);
  process.on('worker', onWorker);
  return async () => {
    process.off('worker', onWorker);
    const running = workers.filter((worker) => worker.threadId !== -1);
    assert.equal(running.length, 0, 'no thread is left');
    // A handle that has been closed is let go in the next turns of the loop.
    const deadline = performance.now() + 5_000;
    while (performance.now() < deadline) {
      const missing = [...before];
      const added = process.getActiveResourcesInfo().filter((name) => {
        const at = missing.indexOf(name);
        if (at >= 0) missing.splice(at, 1);
        return at < 0;
      });
      if (added.length === 0) return;
      await later(1);
    }
    assert.deepEqual(process.getActiveResourcesInfo().sort(), before, 'no handle is left');
  };
}

/**
 * Runs `body` with an engine that listens, closes the engine, and checks that it leaves nothing:
 * no thread, no handle, no port, no error that nobody expected.
 */
export async function withEngine(
  options: EngineOptions,
  body: (context: TestEngine) => Promise<void>,
): Promise<void> {
  const leavesNothing = leakCheck();
  const errors: EngineError[] = [];
  const engine = new Engine(options);
  engine.on('error', (error) => errors.push(error));
  try {
    const { port } = await engine.listen(0, listenOptions());
    await body({ engine, port, errors });
  } finally {
    await engine.close();
  }
  assert.deepEqual(errors, [], 'the engine reported nothing unexpected');
  await leavesNothing();
}

/** Adds a server whose handlers are the same code in either place, and waits until it is ready. */
export async function addServer(
  engine: Engine,
  place: Place,
  handlers: URL,
  options: ServerOptions,
): Promise<Server> {
  const server = engine.server(place === 'module' ? { ...options, handlers } : options);
  if (place === 'closures') {
    const module = (await import(handlers.href)) as HandlerModule;
    server.onConnection((connection) => module.onConnection(connection));
  }
  await server.ready;
  return server;
}

/** {@link addServer}, which is taken out again behind `body`. */
export async function withServer(
  engine: Engine,
  place: Place,
  handlers: URL,
  options: ServerOptions,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await addServer(engine, place, handlers, options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}
