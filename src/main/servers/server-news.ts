import { deserializeError, type EngineError } from '../../shared/api/errors.ts';
import type { EngineMessage } from '../shards/shard-group.ts';
import type { ShardHost } from '../shards/shard-host.ts';
import type { ServerEntry } from './server-entry.ts';

/**
 * Takes a shard's message about one server.
 * @param entry undefined: the server has been closed
 * @param reportLoad gets the error of a server that cannot be loaded, or of a new token
 */
export function hearOfServer(
  entry: ServerEntry | undefined,
  host: ShardHost,
  message: Extract<EngineMessage, { readonly server: number }>,
  reportLoad: (error: EngineError) => void,
): void {
  switch (message.type) {
    case 'server-added': {
      const error = message.error && deserializeError(message.error);
      const isNews = entry?.rollout.added(host.number, error) !== false;
      if (error !== undefined && isNews) reportLoad(error);
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
      entry?.freed(message.connections, host.number);
      host.connections -= message.connections.length;
      return;
    case 'renew-token':
      void entry?.renewals.renewFor(host, message, reportLoad);
  }
}

/**
 * Whether to replace a shard that could not load a server: a thread never loads a module that has
 * failed there once. Not where the shard has connections of other servers, which it would lose again
 * and again.
 */
function mayDoBetter(entry: ServerEntry | undefined, host: ShardHost): boolean {
  if (entry === undefined || entry.isClosed || !entry.rollout.hasBeenReady) return false;
  return host.connections === entry.connectionsIn(host.number);
}
