/** Loads `node:http` where it is needed: it takes a shard a quarter of its start, and few refuse. */
const http = () => process.getBuiltinModule('node:http');

/** An upgrade that is answered with an HTTP error. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status 400–599
   * @param body goes to the client as plain text; default: the status's own text
   * @param headers go to the client
   * @throws RangeError for another status; TypeError for what may not stand in a header
   */
  constructor(status: number, body?: string, headers: Readonly<Record<string, string>> = {}) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`${status} is not a status from 400 to 599`);
    }
    for (const [name, value] of Object.entries(headers)) {
      http().validateHeaderName(name);
      http().validateHeaderValue(name, value);
    }
    super(body ?? http().STATUS_CODES[status] ?? 'Refused');
    this.status = status;
    this.headers = headers;
  }
}

/** Returns the refusal that something thrown stands for; undefined where it is a defect. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  try {
    if (thrown instanceof Refusal) return thrown;
    const { status, message } = Object(thrown) as { status: number; message?: unknown };
    // A fault of the server is not shown to the client.
    const isForClient = status < 500 && typeof message === 'string';
    return new Refusal(status, isForClient ? message : undefined);
  } catch {
    return undefined; // it has no status to refuse with, or cannot even be looked at
  }
}

/** The parts of a refusal that reach the client. */
export type RefusalTerms = Pick<Refusal, 'status' | 'message' | 'headers'>;

/** Headers of an endpoint that would speak of the body of a refusal. */
const OF_BODIES = ['content-length', 'content-type', 'transfer-encoding'];

/** A refusal with the headers of its endpoint, but those that it has itself. */
export function withHeaders(
  { status, message, headers: own }: RefusalTerms,
  headers: Readonly<Record<string, string>>,
): RefusalTerms {
  const taken = new Set([...OF_BODIES, ...Object.keys(own).map((name) => name.toLowerCase())]);
  const others = Object.entries(headers).filter(([name]) => !taken.has(name.toLowerCase()));
  return { status, message, headers: { ...Object.fromEntries(others), ...own } };
}

/** A socket as its refusal needs it: a stream of Node.js. */
interface RefusedSocket {
  readonly writable: boolean;
  on(event: 'error', listener: () => void): unknown;
  once(event: 'close' | 'finish', listener: () => void): unknown;
  end(bytes: Uint8Array): unknown;
  destroy(): unknown;
}

const REFUSAL_TIMEOUT = 5_000; // ms

/** Answers an upgrade with an HTTP error and a short body, and ends the connection. */
export function refuse(socket: RefusedSocket, refusal: RefusalTerms): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.on('error', () => {}); // the client may go meanwhile: there is nobody left to tell
  // The socket is paused, so that its end would go unnoticed; a client that does not read is cut.
  const deadline = setTimeout(() => socket.destroy(), REFUSAL_TIMEOUT).unref();
  socket.once('close', () => clearTimeout(deadline));
  socket.once('finish', () => socket.destroy());
  socket.end(refusalBytes(refusal));
}

/** Builds the HTTP error that refuses an upgrade. */
export function refusalBytes({ status, message, headers }: RefusalTerms): Buffer {
  const body = Buffer.from(message);
  const lines = [
    `HTTP/1.1 ${status} ${http().STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}
