import { deserializeError, type EngineError } from '../shared/errors.ts';
import type { ServerEntry } from './server-entry.ts';
import type { EngineMessage } from './shard-group.ts';
import type { ShardHost } from './shard-host.ts';

/** What a shard says of one server. */
export type ServerNews = Extract<EngineMessage, { readonly server: number }>;

/**
 * A shard has said something of a server.
 * @param entry undefined: the server is no more
 */
export function hearOfServer(
  entry: ServerEntry | undefined,
  host: ShardHost,
  message: ServerNews,
  report: (error: EngineError) => void,
): void {
  switch (message.type) {
    case 'server-added': {
      const error = message.error && deserializeError(message.error);
      entry?.added(host.number, error);
      if (error !== undefined) report(error);
      // What has failed to load once fails in its thread for good: only a new one may do better.
      if (error !== undefined && entry?.hasBeenReady && !entry.isClosed) host.cut(error);
      else host.loading.delete(message.server);
      return;
    }
    case 'server-removed':
      host.loading.delete(message.server);
      entry?.removed(host.number);
      return;
    case 'refused':
      entry?.refused(message.connection, host.number);
      host.connections -= 1;
      return;
    case 'closed':
      entry?.connectionsClosed(message.connections, host.number);
      host.connections -= message.connections.length;
  }
}
