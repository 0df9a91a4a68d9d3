import { isDeepStrictEqual } from 'node:util';
import type { UpgradeRequest } from '../admit/handshake-check.ts';

/** What the parser calls behind the last header. */
type OnHeaders = (
  major: number,
  minor: number,
  /** Names and values in turn; undefined where there were too many for one call. */
  rawHeaders: string[] | undefined,
  method: number,
  url: string | undefined,
  status: undefined,
  statusText: undefined,
  isUpgrade: boolean,
) => number;

/** The HTTP parser of Node.js: llhttp, reading from a handle by itself. */
interface HttpParser {
  [callback: number]: unknown;
  /** Begins anew; async hooks see `resource`. */
  initialize(type: number, resource: object, maxHeaderBytes: number, leniency: number): void;
  /** Returns how many bytes it has parsed. */
  execute(bytes: Buffer): number | Error;
  consume(handle: object): void;
  unconsume(): void;
  /** A copy of what has been read; while a callback runs. */
  getCurrentBuffer(): Buffer;
  /** Frees it: not while a callback runs. Until then it and all that it calls stay alive. */
  close(): void;
}

/** What there is of it as a class. */
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

/** An upgrade as it came, at the beginning of a connection. */
export type ParsedUpgrade = Omit<UpgradeRequest, 'socket'>;

/** Who is told what has come, and calls {@link UpgradeParser.stop} then. */
export interface ParserOwner {
  /** The first bytes have come. */
  onBytes(parser: UpgradeParser): void;
  /** The client has gone without a word. */
  onEnd(parser: UpgradeParser): void;
}

/** What llhttp's `on_headers_complete` returns to have the rest left alone, as behind an upgrade. */
const LEAVE_REST = 2;
const GET = 1; // llhttp's number

const Parser = parserClass();

/**
 * Reads the first bytes of connections, one after the other, and looks whether they are an upgrade.
 * It is what an HTTP server of Node.js parses with, so that the same is an error; but no socket and
 * no request are made.
 */
export class UpgradeParser {
  /** The upgrade that has come; undefined: something else, or not all of it. */
  upgrade: ParsedUpgrade | undefined;
  readonly #parser: HttpParser;
  readonly #owner: ParserOwner;
  #handle: AcceptedHandle | undefined;
  /** How many of the bytes were the upgrade. */
  #length = 0;

  /** Whether this Node.js has the parser as it is needed here. */
  static readonly isPossible = Parser !== undefined && parsesUpgrades(Parser);

  constructor(owner: ParserOwner) {
    const { kOnHeadersComplete, kOnExecute } = Parser as HttpParserClass;
    this.#owner = owner;
    this.#parser = new (Parser as HttpParserClass)();
    this.#parser[kOnHeadersComplete] = this.#onHeaders;
    this.#parser[kOnExecute] = this.#onExecute;
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

  /** Reads no more, and forgets what it has read: the handle is somebody else's from now on. */
  stop(): AcceptedHandle {
    const handle = this.#handle as AcceptedHandle;
    this.#parser.unconsume();
    handle.readStop();
    this.#handle = undefined;
    this.upgrade = undefined;
    return handle;
  }

  /** It is not used any more. */
  free(): void {
    this.#parser.close();
  }

  /** A copy of all bytes that have come, as long as the owner is being told of them. */
  get bytes(): Buffer {
    return this.#parser.getCurrentBuffer();
  }

  /** A copy of those that have come behind the upgrade; undefined: none. */
  get head(): Buffer | undefined {
    if (this.#handle?.bytesRead === this.#length) return undefined; // nothing to copy
    return this.bytes.subarray(this.#length);
  }

  readonly #onHeaders: OnHeaders = (major, minor, rawHeaders, method, url, _s, _t, isUpgrade) => {
    if (!isUpgrade || method !== GET || major !== 1 || minor !== 1) return LEAVE_REST;
    const headers = rawHeaders && headersOf(rawHeaders);
    if (url === undefined || rawHeaders === undefined || headers === undefined) return LEAVE_REST;
    this.upgrade = { method: 'GET', httpVersion: '1.1', url, headers, rawHeaders };
    return LEAVE_REST;
  };

  /** @param parsed an error where it is no HTTP, and then there is no upgrade either */
  readonly #onExecute = (parsed: number | Error): void => {
    this.#length = parsed as number;
    this.#owner.onBytes(this);
  };

  readonly #onEnd = (): void => this.#owner.onEnd(this);
}

/** Headers each of which is a text: of this one alone Node.js makes a list. */
type PlainHeaders = Record<string, string> & { readonly 'set-cookie'?: never };

/** Undefined where a name comes twice: how values are joined is for the HTTP server to know. */
function headersOf(rawHeaders: readonly string[]): PlainHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (name in headers || name === 'set-cookie') return undefined; // or is `constructor`, say
    headers[name] = rawHeaders[at + 1] as string;
  }
  return headers;
}

function parserClass(): HttpParserClass | undefined {
  const common = process.getBuiltinModule('_http_common') as { HTTPParser?: HttpParserClass };
  return common?.HTTPParser;
}

/** Has a parser read an upgrade: whether it is as it is needed here. */
export function parsesUpgrades(Class: HttpParserClass): boolean {
  const head = 'GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n';
  const expected = [1, 1, ['Connection', 'Upgrade', 'Upgrade', 'b'], GET, '/a', true];
  let seen: unknown[] = [];
  try {
    const parser = new Class();
    parser.initialize(Class.REQUEST, {}, head.length, Class.kLenientNone);
    parser[Class.kOnHeadersComplete] = (
      ...[major, minor, headers, method, url, ...rest]: unknown[]
    ) => {
      seen = [major, minor, headers, method, url, rest[2]];
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
