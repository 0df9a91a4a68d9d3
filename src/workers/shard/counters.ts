/**
 * The work of one server in one shard since it was added: numbers that only grow. Each message that
 * is meant for a connection here is counted by `delivered` or by one of the `dropped…`.
 */
export class Counters {
  /** Connections that have come. */
  opened = 0;
  /** Messages that clients have sent. */
  received = 0;
  /** Payloads and answers of clients that did not match the schema of their event. */
  invalidPayloads = 0;
  /** Messages that handlers in this shard have sent: one for each emit, whoever gets it. */
  emitted = 0;
  /** Messages queued for a socket: one for each connection that gets it. */
  delivered = 0;
  /** Messages for which a connection that is behind had no room ('close', 'drop'). */
  droppedSlow = 0;
  /** Messages that 'latest' replaced by newer ones, dropped at the limit, or kept until the end. */
  droppedLatest = 0;
  /** Messages that came when their connection had ended. */
  droppedClosed = 0;
  /** Bytes that have come from sockets, without the HTTP requests. */
  receivedBytes = 0;
  /** Bytes that were given to sockets: messages, control frames and handshakes. */
  sentBytes = 0;
  /** Bytes of `droppedSlow` and `droppedLatest`, as frames. */
  droppedBytes = 0;
  /** Times that a connection has fallen behind. */
  fellBehind = 0;
  /** Connections closed because their token has expired, where the handlers are here. */
  expired = 0;
}
