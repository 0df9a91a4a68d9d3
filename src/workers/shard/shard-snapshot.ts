import type { ServerStats, SlowConnection, ThreadStats } from '../../shared/api/stats.ts';
import type { FromShard, ToShard } from '../../shared/messages/control-messages.ts';
import type { ShardSocket } from '../connection/socket-context.ts';
import type { Rooms } from '../deliver/rooms.ts';
import type { Counters } from './counters.ts';

type SnapshotSocket = Pick<ShardSocket, 'id' | 'shard' | 'liveness'>;

/** A server as a snapshot looks at it. */
interface SnapshotServer {
  readonly options: { readonly endpoint: string };
  readonly counters: Counters;
  readonly rooms: readonly Pick<Rooms, 'size' | 'sizes'>[];
  sockets(): Iterable<SnapshotSocket>;
}

/** A connection for which bytes wait. */
interface Waiting {
  readonly socket: SnapshotSocket;
  readonly endpoint: string;
  readonly queuedBytes: number;
}

/**
 * Returns the answer of a shard that is asked for its stats: looks at every socket once.
 * @param load of its thread
 */
export function takeSnapshot(
  { ask, slowest }: Extract<ToShard, { type: 'take-snapshot' }>,
  servers: Iterable<SnapshotServer>,
  load: ThreadStats,
): FromShard {
  const waiting: Waiting[] = [];
  const stats = Array.from(servers, (server) => serverStats(server, waiting));
  waiting.sort((a, b) => b.queuedBytes - a.queuedBytes);
  const now = performance.now();
  const named = waiting.slice(0, slowest).map((one) => slowConnection(one, now));
  return { type: 'snapshot', ask, snapshot: { ...load, servers: stats, slowest: named } };
}

/** @param waiting gets the server's connections for which bytes wait */
function serverStats(server: SnapshotServer, waiting: Waiting[]): ServerStats {
  const { endpoint } = server.options;
  let [connections, queuedBytes] = [0, 0];
  for (const socket of server.sockets()) {
    connections += 1;
    const bytes = socket.liveness.waitingBytes;
    if (bytes === 0) continue;
    queuedBytes += bytes;
    waiting.push({ socket, endpoint, queuedBytes: bytes });
  }
  const { droppedSlow, droppedLatest, droppedClosed, ...counters } = server.counters;
  return {
    endpoint,
    connections,
    rooms: countRooms(server.rooms),
    ...counters,
    dropped: { slow: droppedSlow, latest: droppedLatest, closed: droppedClosed },
    queuedBytes,
  };
}

/** Counts the rooms: members of one may speak different codecs. */
function countRooms(byCodec: SnapshotServer['rooms']): number {
  const [first] = byCodec;
  if (byCodec.length === 1 && first !== undefined) return first.size;
  return new Set(byCodec.flatMap((rooms) => Array.from(rooms.sizes(), ([room]) => room))).size;
}

function slowConnection({ socket, endpoint, queuedBytes }: Waiting, now: number): SlowConnection {
  const { shard, id, liveness } = socket;
  return { shard, endpoint, id, queuedBytes, stalledMs: liveness.stalledFor(now) };
}
