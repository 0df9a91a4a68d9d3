import { isDeepStrictEqual } from 'node:util';
import type { UpgradeRequest } from '../admit/handshake-check.ts';

/** The HTTP parser of Node.js: llhttp, reading from a handle by itself. */
interface HttpParser {
  [callback: number]: unknown;
  /** Begins anew; async hooks see `resource`. */
  initialize(type: number, resource: object, maxHeaderBytes: number, leniency: number): void;
  /** Returns the number of bytes parsed. */
  execute(bytes: Buffer): number | Error;
  consume(handle: object): void;
  unconsume(): void;
  /** Copies the bytes that have been read; only while a callback runs. */
  getCurrentBuffer(): Buffer;
  /** Frees it: not while a callback runs. Until then it and all that it calls stay alive. */
  close(): void;
}

/** The class of {@link HttpParser}. */
export interface HttpParserClass {
  new (): HttpParser;
  readonly REQUEST: number;
  readonly kLenientNone: number;
  readonly kOnHeadersComplete: number;
  readonly kOnExecute: number;
}

/** The part of an accepted connection's handle that is used here. */
export interface AcceptedHandle {
  readonly bytesRead: number;
  onread: (...read: unknown[]) => void;
  readStart(): number;
  readStop(): number;
  setNoDelay(isOn: boolean): number;
  getpeername(address: { address?: string }): number;
  close(): void;
}

/** Return value of llhttp's `on_headers_complete` that leaves the rest alone, as behind an upgrade. */
const LEAVE_REST = 2;
const GET = 1; // llhttp's number

const { HTTPParser: Parser } = (process.getBuiltinModule('_http_common') ?? {}) as {
  HTTPParser?: HttpParserClass;
};

/**
 * Reads the first bytes of connections, one after the other, and looks whether they are an upgrade.
 * It uses the parser of the HTTP server of Node.js, so both find the same errors, but makes no socket
 * and no request.
 */
export class BareParser {
  /** The upgrade that has come; undefined: something else, or not all of it. */
  upgrade: Omit<UpgradeRequest, 'socket'> | undefined;
  readonly #parser: HttpParser;
  readonly #onEnd: () => void;
  #handle: AcceptedHandle | undefined;
  /** Bytes of the upgrade. */
  #length = 0;

  /** Whether this Node.js has the parser as it is needed here. */
  static readonly isPossible = Parser !== undefined && parsesUpgrades(Parser);

  /**
   * Either callback has to call {@link BareParser.stop}.
   * @param onBytes is called when the first bytes have come
   * @param onEnd is called when the client has gone without sending any
   */
  constructor(onBytes: (parser: BareParser) => void, onEnd: (parser: BareParser) => void) {
    const { kOnHeadersComplete, kOnExecute } = Parser as HttpParserClass;
    this.#parser = new (Parser as HttpParserClass)();
    this.#parser[kOnHeadersComplete] = this.#onHeaders;
    // An error says that it is no HTTP, and then there is no upgrade either.
    this.#parser[kOnExecute] = (parsed: number | Error) => {
      this.#length = parsed as number;
      onBytes(this);
    };
    this.#onEnd = () => onEnd(this);
  }

  /** Begins to read. */
  start(handle: AcceptedHandle, maxHeaderBytes: number): void {
    const { REQUEST, kLenientNone } = Parser as HttpParserClass;
    this.#handle = handle;
    this.#parser.initialize(REQUEST, this, maxHeaderBytes, kLenientNone);
    this.#parser.consume(handle);
    handle.onread = this.#onEnd;
    handle.readStart();
  }

  /** Stops reading, forgets what it has read, and returns the handle, which the caller owns now. */
  stop(): AcceptedHandle {
    const handle = this.#handle as AcceptedHandle;
    this.#parser.unconsume();
    handle.readStop();
    this.#handle = undefined;
    this.upgrade = undefined;
    return handle;
  }

  /** Ends its use. */
  free(): void {
    this.#parser.close();
  }

  /** A copy of all bytes that have come; only while `onBytes` runs. */
  get bytes(): Buffer {
    return this.#parser.getCurrentBuffer();
  }

  /** A copy of the bytes that have come behind the upgrade; undefined: none. */
  get head(): Buffer | undefined {
    if (this.#handle?.bytesRead === this.#length) return undefined; // nothing to copy
    return this.bytes.subarray(this.#length);
  }

  readonly #onHeaders = (
    major: number,
    minor: number,
    /** Names and values in turn; undefined where there were too many for one call. */
    rawHeaders: string[] | undefined,
    method: number,
    url: string | undefined,
    _status: undefined,
    _statusText: undefined,
    isUpgrade: boolean,
  ): number => {
    if (!isUpgrade || method !== GET || major !== 1 || minor !== 1) return LEAVE_REST;
    const headers = rawHeaders && headersOf(rawHeaders);
    if (url === undefined || rawHeaders === undefined || headers === undefined) return LEAVE_REST;
    this.upgrade = { method: 'GET', httpVersion: '1.1', url, headers, rawHeaders };
    return LEAVE_REST;
  };
}

/** Headers whose values are text: of Set-Cookie alone Node.js makes a list. */
type PlainHeaders = Record<string, string> & { readonly 'set-cookie'?: never };

/** Undefined where a name comes twice: only the HTTP server knows how to join values. */
function headersOf(rawHeaders: readonly string[]): PlainHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (name in headers || name === 'set-cookie') return undefined; // or is `constructor`, say
    headers[name] = rawHeaders[at + 1] as string;
  }
  return headers;
}

/** Whether a parser works as it is needed here: it reads an upgrade to show that. */
export function parsesUpgrades(Class: HttpParserClass): boolean {
  const head = 'GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n';
  const headers = ['Connection', 'Upgrade', 'Upgrade', 'b'];
  const expected = [1, 1, headers, GET, '/a', undefined, undefined, true];
  let seen: unknown[] = [];
  try {
    const parser = new Class();
    parser.initialize(Class.REQUEST, {}, head.length, Class.kLenientNone);
    parser[Class.kOnHeadersComplete] = (...told: unknown[]) => {
      seen = told.slice(0, expected.length);
      return LEAVE_REST;
    };
    const length = parser.execute(Buffer.from(`${head}c`));
    const { consume, unconsume, getCurrentBuffer, close } = parser;
    parser.close();
    const methods = [consume, unconsume, getCurrentBuffer, close];
    return (
      length === head.length &&
      isDeepStrictEqual(seen, expected) &&
      typeof Class.kOnExecute === 'number' &&
      methods.every((method) => typeof method === 'function')
    );
  } catch {
    return false;
  }
}
