import type {
  EngineStats,
  PlainConnectionStats,
  PrimaryServerStats,
  RecentTimes,
  ServerStats,
  ShardStats,
  ThreadStats,
} from '../../shared/api/stats.ts';

/*
 * The text format of Prometheus, version 0.0.4:
 *
 *     # HELP fanring_connections Connections that are open.
 *     # TYPE fanring_connections gauge
 *     fanring_connections{endpoint="/chat",shard="1"} 12
 */

/** The content type of such a text. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const MS_PER_SECOND = 1000;

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number];
type MetricType = 'counter' | 'gauge';
type AddMetric = (name: string, type: MetricType, help: string, samples: readonly Sample[]) => void;

/** Metrics of each server in each shard. */
const OF_SERVERS: [name: string, type: MetricType, help: string, of: (s: ServerStats) => number][] =
  [
    ['connections', 'gauge', 'Connections that are open.', (s) => s.connections],
    ['rooms', 'gauge', 'Rooms with members in the shard.', (s) => s.rooms],
    ['connections_opened_total', 'counter', 'Connections that have come.', (s) => s.opened],
    ['messages_received_total', 'counter', 'Messages from clients.', (s) => s.received],
    ['messages_delivered_total', 'counter', 'Messages queued for a socket.', (s) => s.delivered],
    ['received_bytes_total', 'counter', 'Bytes that clients have sent.', (s) => s.receivedBytes],
    ['sent_bytes_total', 'counter', 'Bytes given to sockets.', (s) => s.sentBytes],
    ['dropped_bytes_total', 'counter', 'Bytes dropped for slow clients.', (s) => s.droppedBytes],
    ['queued_bytes', 'gauge', 'Bytes that wait for slow clients.', (s) => s.queuedBytes],
    ['slow_consumers_total', 'counter', 'Times a client has fallen behind.', (s) => s.fellBehind],
  ];

/** Metrics of each server on the primary, and in each shard. */
const EVERYWHERE: [name: string, help: string, of: (s: PrimaryServerStats) => number][] = [
  ['connections_expired_total', 'Connections whose token has expired.', (s) => s.expired],
  ['messages_emitted_total', 'Messages that the app has sent.', (s) => s.emitted],
  ['payloads_invalid_total', 'Payloads that match no schema.', (s) => s.invalidPayloads],
];

const REASONS = ['slow', 'latest', 'closed'] as const;
const REFUSALS = ['limit', 'address', 'unanswered'] as const;

type ThreadGauge = readonly [name: string, help: string, of: (thread: ThreadStats) => number];

const UTILIZATION = 'Share of the time in which the event loop was not idle.';

const OF_THREADS: readonly ThreadGauge[] = [
  ['mailbox_fill_ratio', 'How full the fullest ring is.', (t) => t.mailbox.fill],
  ['mailbox_unread_bytes', 'Bytes in rings, not read yet.', (t) => t.mailbox.unreadBytes],
  ['outbox_bytes', 'Bytes for which rings have no room.', (t) => t.mailbox.outboxBytes],
  ['event_loop_utilization_ratio', UTILIZATION, (t) => t.eventLoop.utilization],
  ...secondsOf('mailbox_lag', 'How long records are on their way', (t) => t.mailbox.lag),
  ...secondsOf('event_loop_delay', 'How late the event loop is', (t) => t.eventLoop.delay),
];

function secondsOf(name: string, help: string, of: (thread: ThreadStats) => RecentTimes) {
  return (['p50', 'p99', 'max'] as const).map((value): ThreadGauge => {
    const seconds = (thread: ThreadStats) => of(thread)[value] / MS_PER_SECOND;
    return [`${name}_${value}_seconds`, `${help}, ${value}, lately.`, seconds];
  });
}

/** Writes an engine's statistics in the text format of Prometheus. */
export function prometheusText(stats: EngineStats): string {
  const lines: string[] = [];
  const metric: AddMetric = (name, type, help, samples) => {
    lines.push(`# HELP fanring_${name} ${help}`, `# TYPE fanring_${name} ${type}`);
    for (const [labels, value] of samples) {
      lines.push(`fanring_${name}{${labelText(labels)}} ${value}`);
    }
  };
  const { primary, shards, silentShards } = stats;
  metric('shard_up', 'gauge', 'Whether the shard has answered in time.', [
    ...shards.map(({ shard }): Sample => [{ shard }, 1]),
    ...silentShards.map((shard): Sample => [{ shard }, 0]),
  ]);
  const restarts = stats.restarts.map(({ shard, restarts }): Sample => [{ shard }, restarts]);
  metric('shard_restarts_total', 'counter', 'Times the shard has died.', restarts);
  addServers(stats, metric);
  addPlain(primary.plain, metric);
  const threads = [{ shard: 'primary', ...primary }, ...shards];
  for (const [name, help, of] of OF_THREADS) {
    const samples = threads.map((thread): Sample => [{ shard: thread.shard }, of(thread)]);
    metric(name, 'gauge', help, samples);
  }
  return `${lines.join('\n')}\n`;
}

function addServers({ primary, shards }: EngineStats, metric: AddMetric): void {
  for (const [name, type, help, of] of OF_SERVERS) metric(name, type, help, inShards(shards, of));
  for (const [name, help, of] of EVERYWHERE) {
    const onPrimary = primary.servers.map((server): Sample => {
      return [{ endpoint: server.endpoint, shard: 'primary' }, of(server)];
    });
    metric(name, 'counter', help, [...onPrimary, ...inShards(shards, of)]);
  }
  const dropped = REASONS.flatMap((reason) =>
    inShards(shards, (server) => server.dropped[reason], { reason }),
  );
  metric('messages_dropped_total', 'counter', 'Messages that clients did not get.', dropped);
}

function addPlain({ connections, refused }: PlainConnectionStats, metric: AddMetric): void {
  metric('plain_connections', 'gauge', 'Connections with plain requests.', [[{}, connections]]);
  const samples = REFUSALS.map((reason): Sample => [{ reason }, refused[reason]]);
  const help = 'Connections with plain requests, refused or cut.';
  metric('plain_connections_refused_total', 'counter', help, samples);
}

/** Several servers of a shard may have had one endpoint: they are one sample. */
function inShards(
  shards: readonly ShardStats[],
  of: (server: ServerStats) => number,
  more: Labels = {},
): Sample[] {
  return shards.flatMap(({ shard, servers }) => {
    const sums = new Map<string, number>();
    for (const server of servers) {
      sums.set(server.endpoint, (sums.get(server.endpoint) ?? 0) + of(server));
    }
    return [...sums].map(([endpoint, value]): Sample => [{ endpoint, shard, ...more }, value]);
  });
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(String(value))}"`)
    .join(',');
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => ESCAPES[character] as string);
}
