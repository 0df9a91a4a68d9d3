// A server for any load generator: prints one JSON line when it listens, ends on SIGTERM.
import { parseArgs } from 'node:util';
import { Engine, type HandlerModule, type ServerOptions } from '../src/main/index.ts';

const USAGE = `usage: npm run bench:server -- [--port 8080] [--shards 2] [--handlers shard|primary] [--host …]
  /native   a message that begins with '!' comes back, any other goes to room1, in which everyone is
  /events   text codec: the event chat goes to room1, echo comes back
  /msgpack  the same in msgpack
  /rooms    a message goes to the room that ?room= of the sender's URL names`;

const MIB = 2 ** 20;

/** What must not stop a load test, and is no part of what it measures. */
const ENDPOINT: ServerOptions = {
  origins: '*',
  maxMessageSize: 16 * MIB,
  maxBufferedBytes: 64 * MIB,
};

interface Options {
  readonly port: number;
  readonly host: string | undefined;
  readonly shards: number;
  readonly handlers: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8080' },
      host: { type: 'string' },
      shards: { type: 'string', default: '2' },
      handlers: { type: 'string', default: 'shard' },
    },
  });
  const options = {
    port: Number(values.port),
    host: values.host,
    shards: Number(values.shards),
    handlers: values.handlers,
  };
  if (!['shard', 'primary'].includes(options.handlers)) {
    throw new Error(`--handlers: '${options.handlers}' is not shard or primary`);
  }
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535) {
    throw new Error(`--port: '${values.port}' is not a whole number from 0 to 65535`);
  }
  return options;
}

async function addEndpoint(engine: Engine, module: string, options: ServerOptions, place: string) {
  const handlers = new URL(`./endpoints/${module}.ts`, import.meta.url);
  if (place === 'shard') {
    engine.server({ ...ENDPOINT, ...options, handlers });
    return;
  }
  const { onConnection }: HandlerModule = await import(handlers.href);
  engine.server({ ...ENDPOINT, ...options }).onConnection(onConnection);
}

async function start({ port, host, shards, handlers }: Options): Promise<void> {
  const engine = new Engine({ shards, maxOutboxBytes: 512 * MIB, handshakeTimeout: 60_000 });
  engine.on('error', (error) => console.error(error));
  await addEndpoint(engine, 'native', { endpoint: '/native' }, handlers);
  await addEndpoint(engine, 'events', { endpoint: '/events' }, handlers);
  await addEndpoint(engine, 'events', { endpoint: '/msgpack', codec: 'msgpack' }, handlers);
  await addEndpoint(engine, 'rooms', { endpoint: '/rooms' }, handlers);
  const address = await engine.listen(port, host === undefined ? {} : { host });
  const stop = () => void engine.close({ timeoutMs: 1000 }).then(() => process.exit());
  process.once('SIGTERM', stop).once('SIGINT', stop);
  process.once('disconnect', stop); // the bench that started it has ended
  const { pid, version: node } = process;
  console.log(JSON.stringify({ port: address.port, pid, shards, handlers, node }));
}

try {
  await start(readOptions());
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
