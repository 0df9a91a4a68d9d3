import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';

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
    if (!isRefusalStatus(status)) throw new RangeError(`${status} is not a status from 400 to 599`);
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    super(body ?? STATUS_CODES[status] ?? 'Refused');
    this.status = status;
    this.headers = headers;
  }
}

function isRefusalStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
}

/** The refusal that something thrown amounts to; undefined where it is no refusal but a defect. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  try {
    if (thrown instanceof Refusal) return thrown;
    const { status, message } = Object(thrown) as { status?: unknown; message?: unknown };
    if (!isRefusalStatus(status)) return undefined;
    // What failed in the server itself is not the client's business.
    const isForClient = status < 500 && typeof message === 'string';
    return new Refusal(status, isForClient ? message : undefined);
  } catch {
    return undefined; // what cannot even be looked at
  }
}

const REFUSAL_TIMEOUT = 5_000; // ms

/** Answers an upgrade with an HTTP error and a short body, and ends the connection. */
export function refuse(socket: Duplex, { status, message, headers }: Refusal): void {
  if (!socket.writable) return;
  const body = Buffer.from(message);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  // Whoever does not read it is not waited for.
  const deadline = setTimeout(() => socket.destroy(), REFUSAL_TIMEOUT).unref();
  socket.once('close', () => clearTimeout(deadline));
  socket.once('finish', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
}
