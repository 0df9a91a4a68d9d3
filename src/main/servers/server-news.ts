import { deserializeError, type EngineError } from '../../shared/api/errors.ts';
import type { EngineMessage } from '../shards/shard-group.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import type { ServerEntry } from './server-entry.ts';

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
      entry?.rollout.added(host.number, error);
      if (error !== undefined) report(error);
      if (error !== undefined && mayDoBetter(entry, host)) host.cut(error);
      else host.loading.delete(message.server);
      return;
    }
    case 'server-removed':
      host.loading.delete(message.server);
      entry?.rollout.removed(host.number);
      return;
    case 'refused':
      entry?.refused(message.connection, host.number);
      host.connections -= 1;
      return;
    case 'closed':
      entry?.places.free(message.connections, host.number);
      host.connections -= message.connections.length;
  }
}

/**
 * Whether to start a shard anew that could not load a server: what has failed to load once fails in
 * its thread for good. Not where the shard has connections of other servers: they would be lost for
 * it, again and again.
 */
function mayDoBetter(entry: ServerEntry | undefined, host: ShardHost): boolean {
  if (entry === undefined || entry.isClosed || !entry.rollout.hasBeenReady) return false;
  return host.connections === entry.connectionsIn(host.number);
}
