import { createHash, randomBytes } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { OPCODES } from '../shared/codec/frame.ts';
import { buildClientFrame } from './client-frame.ts';
import { FrameScanner } from './frame-scanner.ts';
import { type LoadTarget, sourceAddress } from './load-target.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3
/*
 * One key for all connections, though RFC 6455 section 4.1 wants a new one for each: it only keeps
 * caches from answering. So its answer is computed once.
 */
const KEY = randomBytes(16).toString('base64');
const ACCEPT = createHash('sha1').update(`${KEY}${GUID}`).digest('base64');

const MAX_RESPONSE_BYTES = 2 ** 16;
const HANDSHAKE_MS = 10_000;

/** The buffer that all connections read into: it is scanned before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(2 ** 18);

/** The receiver of messages and of losses. */
export interface ConnectionSink {
  /** The bytes from `start` to `end` begin a message; valid only during the call. */
  onMessage(connection: LoadConnection, bytes: Buffer, start: number, end: number): void;
  /** An open connection has ended, and not by {@link LoadConnection.close}. */
  onLost(connection: LoadConnection, reason: string): void;
}

/** 'closing': by us; 'server-closed': by the server, which was answered. */
type State = 'connecting' | 'open' | 'closing' | 'server-closed' | 'ended';

/** A WebSocket client that costs as little as one can. */
export class LoadConnection {
  /** From 0. */
  readonly index: number;
  readonly #socket: Socket;
  readonly #sink: ConnectionSink;
  readonly #scanner: FrameScanner;
  readonly #opened = Promise.withResolvers<LoadConnection>();
  readonly #ended = Promise.withResolvers<void>();
  /** Resolves when the server has accepted; rejects with an Error that says why it has not. */
  readonly opened = this.#opened.promise;
  /** Resolves when the socket is gone. */
  readonly ended = this.#ended.promise;
  #state: State = 'connecting';
  readonly #protocol: string | undefined;
  /** The beginning of the answer to the upgrade. */
  #response = '';
  #reason = 'the connection ended';

  /** Begins to connect. */
  constructor(target: LoadTarget, index: number, sink: ConnectionSink) {
    this.index = index;
    this.#sink = sink;
    this.#protocol = target.protocol;
    this.#scanner = new FrameScanner({
      onMessage: (bytes, start, end) => sink.onMessage(this, bytes, start, end),
      onPing: (bytes, start, end) =>
        this.send(buildClientFrame(OPCODES.PONG, bytes.subarray(start, end))),
      onClose: (bytes, start, end) => this.#onClose(bytes.subarray(start, end)),
    });
    this.#socket = this.#connect(target);
    this.#socket.write(upgradeRequest(target));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Bytes that wait to be sent. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends a frame of {@link buildClientFrame}; it must not be written to afterwards. */
  send(frame: Uint8Array): void {
    if (this.#state === 'open') this.#socket.write(frame);
  }

  /** Reads nothing more, so that messages wait at the server. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Closes in good order: a close frame, and the end that the server makes of it. */
  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#socket.write(buildClientFrame(OPCODES.CLOSE, Buffer.of(0x03, 0xe8))); // 1000
      this.#state = 'closing';
    }
    return this.ended;
  }

  /** Ends it at once. */
  destroy(): void {
    if (this.#state === 'open') this.#state = 'closing';
    this.#socket.destroy();
  }

  #connect(target: LoadTarget): Socket {
    const { host, port } = target;
    const localAddress = sourceAddress(target, this.index);
    const options = { host, port, noDelay: true, ...(localAddress && { localAddress }) };
    const onread = {
      buffer: READ_BUFFER,
      callback: (bytes: number) => {
        this.#onData(READ_BUFFER, bytes);
        return true;
      },
    };
    const socket = target.isTls
      ? connectTls({
          ...options,
          ...(isIP(host) === 0 && { servername: host }),
          rejectUnauthorized: !target.insecure,
        })
      : connectTcp({ ...options, onread });
    if (target.isTls) socket.on('data', (chunk: Buffer) => this.#onData(chunk, chunk.length));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? error.message;
    });
    socket.setTimeout(HANDSHAKE_MS, () => {
      this.#reason = `no answer to the upgrade in ${HANDSHAKE_MS / 1000} s`;
      socket.destroy();
    });
    socket.on('close', () => this.#onEnd());
    return socket;
  }

  #onData(chunk: Buffer, length: number): void {
    if (this.#state === 'connecting') this.#onResponse(chunk, length);
    else this.#scanner.scan(chunk, 0, length);
  }

  #onResponse(chunk: Buffer, length: number): void {
    const before = this.#response.length;
    this.#response += chunk.toString('latin1', 0, length);
    const end = this.#response.indexOf('\r\n\r\n');
    if (end < 0 && this.#response.length < MAX_RESPONSE_BYTES) return;
    const [status = '', ...headers] = this.#response.slice(0, end).split('\r\n');
    this.#response = '';
    const refusal = this.#refusalIn(status, headers);
    if (refusal !== undefined) {
      this.#reason = refusal;
      this.#socket.destroy();
      return;
    }
    this.#state = 'open';
    this.#socket.setTimeout(0);
    this.#opened.resolve(this);
    const head = end + 4 - before;
    if (head < length) this.#scanner.scan(chunk, head, length);
  }

  /** The reason why an answer to the upgrade is a refusal; undefined: it is none. */
  #refusalIn(status: string, headers: readonly string[]): string | undefined {
    if (!/^HTTP\/1\.1 101\b/.test(status) || headerOf(headers, 'sec-websocket-accept') !== ACCEPT) {
      return `refused: ${status.replace(/^HTTP\/1\.1 /, '')}`;
    }
    const asked = this.#protocol;
    if (asked === undefined || headerOf(headers, 'sec-websocket-protocol') === asked) return;
    return `the server does not speak the codec: it has not taken the subprotocol ${asked}`;
  }

  #onClose(payload: Buffer): void {
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    this.#reason = `closed with ${code}`;
    if (this.#state === 'open') {
      this.send(buildClientFrame(OPCODES.CLOSE, payload.subarray(0, 2)));
      this.#state = 'server-closed';
    }
    this.#socket.end();
  }

  #onEnd(): void {
    const state = this.#state;
    this.#state = 'ended';
    this.#ended.resolve();
    if (state === 'connecting') this.#opened.reject(new Error(this.#reason));
    else if (state === 'open' || state === 'server-closed') this.#sink.onLost(this, this.#reason);
  }
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  const line = headers.find((header) => header.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function upgradeRequest({ path, authority, headers, protocol }: LoadTarget): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${authority}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${KEY}`,
    'Sec-WebSocket-Version: 13',
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
