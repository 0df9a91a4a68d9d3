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
}

/** What there is of it as a class. */
interface HttpParserClass {
  new (): HttpParser;
  readonly REQUEST: number;
  readonly kLenientNone: number;
  readonly kOnHeadersComplete: number;
  readonly kOnExecute: number;
}

/** What is read from. */
export interface ReadableHandle {
  readonly bytesRead: number;
  onread: (...read: unknown[]) => void;
  readStart(): number;
  readStop(): number;
}

/** An upgrade as it came, at the beginning of a connection. */
export interface ParsedUpgrade {
  readonly method: 'GET';
  readonly httpVersion: '1.1';
  readonly url: string;
  /** By their names in lower case; no name comes twice. */
  readonly headers: Record<string, string>;
  readonly rawHeaders: string[];
}

/** Who is told what has come. */
export interface ParserOwner<Handle> {
  /** The first bytes have come. Whoever is told calls {@link UpgradeParser.stop}. */
  onBytes(parser: UpgradeParser<Handle & ReadableHandle>): void;
  /** The peer has gone without a word. */
  onEnd(parser: UpgradeParser<Handle & ReadableHandle>): void;
}

const ENDS_MESSAGE = 2; // what follows the headers is not HTTP
const GET = 1; // llhttp's number

const Parser = parserClass();

/**
 * Reads the first bytes of connections, one after the other, and looks whether they are an upgrade.
 * It is what an HTTP server of Node.js parses with, so that the same is an error; but no socket, no
 * request and no response are made, which is four fifths of what the HTTP server costs.
 */
export class UpgradeParser<Handle extends ReadableHandle = ReadableHandle> {
  handle: Handle | undefined;
  /** The upgrade that has come; undefined: something else, or not all of it. */
  upgrade: ParsedUpgrade | undefined;
  readonly #parser: HttpParser;
  readonly #owner: ParserOwner<Handle>;
  /** How many of the bytes were the upgrade. */
  #length = 0;

  /** Whether this Node.js has the parser as it is needed here. */
  static readonly isPossible = Parser !== undefined && parsesUpgrades(Parser);

  constructor(owner: ParserOwner<Handle>) {
    const { kOnHeadersComplete, kOnExecute } = Parser as HttpParserClass;
    this.#owner = owner;
    this.#parser = new (Parser as HttpParserClass)();
    this.#parser[kOnHeadersComplete] = this.#onHeaders;
    this.#parser[kOnExecute] = this.#onExecute;
  }

  /** Begins to read. */
  start(handle: Handle, maxHeaderBytes: number): void {
    const { REQUEST, kLenientNone } = Parser as HttpParserClass;
    this.handle = handle;
    this.#parser.initialize(REQUEST, this, maxHeaderBytes, kLenientNone);
    this.#parser.consume(handle);
    handle.onread = this.#onEnd;
    handle.readStart();
  }

  /** Reads no more: from now on the handle is somebody else's. */
  stop(): void {
    const { handle } = this;
    if (handle === undefined) return;
    this.#parser.unconsume();
    handle.readStop();
    this.handle = undefined;
    this.upgrade = undefined;
  }

  /** All bytes that have come, as long as the owner is being told of them. */
  get bytes(): Buffer {
    return this.#parser.getCurrentBuffer();
  }

  /** Those that have come behind the upgrade; undefined: none. */
  get head(): Buffer | undefined {
    if (this.handle?.bytesRead === this.#length) return undefined;
    return this.bytes.subarray(this.#length);
  }

  readonly #onHeaders: OnHeaders = (major, minor, rawHeaders, method, url, _s, _t, isUpgrade) => {
    if (!isUpgrade || method !== GET || major !== 1 || minor !== 1) return ENDS_MESSAGE;
    const headers = rawHeaders && headersOf(rawHeaders);
    if (url === undefined || rawHeaders === undefined || headers === undefined) return ENDS_MESSAGE;
    this.upgrade = { method: 'GET', httpVersion: '1.1', url, headers, rawHeaders };
    return ENDS_MESSAGE;
  };

  /** @param length an error where it is no HTTP: and then there is no upgrade either */
  readonly #onExecute = (length: number): void => {
    this.#length = length;
    this.#owner.onBytes(this);
  };

  readonly #onEnd = (): void => this.#owner.onEnd(this);
}

/** Undefined where a name comes twice: how values are joined depends on it. */
function headersOf(rawHeaders: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (name in headers) return undefined; // or is `constructor`, say
    headers[name] = rawHeaders[at + 1] as string;
  }
  return headers;
}

function parserClass(): HttpParserClass | undefined {
  const common = process.getBuiltinModule('_http_common') as { HTTPParser?: HttpParserClass };
  return common?.HTTPParser;
}

/** Has it parse an upgrade. */
function parsesUpgrades(Class: HttpParserClass): boolean {
  const head = 'GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n';
  let seen: unknown[] = [];
  try {
    const parser = new Class();
    parser.initialize(Class.REQUEST, {}, head.length, Class.kLenientNone);
    parser[Class.kOnHeadersComplete] = (...values: unknown[]) => {
      seen = values;
      return ENDS_MESSAGE;
    };
    const length = parser.execute(Buffer.from(`${head}c`));
    const [major, minor, headers, method, url, , , isUpgrade] = seen;
    const isAsExpected =
      length === head.length && major === 1 && minor === 1 && method === GET && url === '/a';
    const methods = [parser.consume, parser.unconsume, parser.getCurrentBuffer];
    return (
      isAsExpected &&
      isUpgrade === true &&
      String(headers) === 'Connection,Upgrade,Upgrade,b' &&
      methods.every((fn) => typeof fn === 'function')
    );
  } catch {
    return false;
  }
}
