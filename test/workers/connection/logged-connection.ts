import type { Upgrade } from '../../../src/shared/messages/control-messages.ts';
import type { ServerOptions } from '../../../src/shared/options/server-options.ts';
import { ServerWebSocket } from '../../../src/workers/connection/web-socket.ts';
import { FanOut } from '../../../src/workers/deliver/fan-out.ts';
import type { ReadTurns } from '../../../src/workers/read/read-turns.ts';
import { TestTransport } from '../write/test-transport.ts';
import { silentDispatch, socketContext } from './socket-context.ts';

/** A connection whose transport is the test, and whose 101 is the text `101`. */
export function connect(
  options: ServerOptions = {},
  handlersAre: 'here' | 'elsewhere' = 'here',
  reads?: ReadTurns,
) {
  const log: string[] = [];
  const transport = new TestTransport(log);
  const upgrade = { codec: 0, protocol: '' } as Upgrade;
  const fanOut = new FanOut(() => {});
  const server = socketContext(options, {
    fanOut,
    dispatch: silentDispatch({
      message: (_socket, data) => log.push(`message ${data}`),
      control: (_socket, kind) => log.push(kind),
      failed: (_socket, { code, closeCode }) => log.push(`${code} ${closeCode}`),
      disconnected: (_socket, { code, reason }) => {
        log.push(`conclude ${code} ${reason}`);
        return handlersAre !== 'elsewhere';
      },
    }),
    forget: () => log.push('forget'),
  });
  if (reads !== undefined) Object.assign(server, { shard: { ...server.shard, reads } });
  const connection = new ServerWebSocket(server, transport, upgrade, 0);
  fanOut.send(connection, Buffer.from('101'));
  /** Returns the events since the last call. */
  const since = () => log.splice(0);
  return { connection, transport, fanOut, since };
}

/** {@link connect}, and its handlers know of it. */
export function open(
  options: ServerOptions = {},
  handlersAre: 'here' | 'elsewhere' = 'here',
  reads?: ReadTurns,
) {
  const made = connect(options, handlersAre, reads);
  made.connection.open();
  made.fanOut.flush();
  made.since();
  return made;
}
