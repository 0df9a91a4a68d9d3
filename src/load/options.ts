import { validateHeaderName, validateHeaderValue } from 'node:http';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CODEC_SUBPROTOCOLS, type CodecName } from '../shared/codec/codec.ts';
import { DEFAULT_EVENT_PREFIX } from '../shared/codec/text-codec.ts';
import {
  type Check,
  checkOptions,
  integer,
  number,
  optionError,
  rule,
} from '../shared/options/option-rules.ts';
import { type LoadTarget, parseTarget } from './load-target.ts';
import { STAMP_BYTES } from './stamp.ts';

/** The options of a load. */
export interface LoadOptions {
  readonly target: LoadTarget;
  readonly url: string;
  readonly connections: number;
  /** New connections in a second. */
  readonly ramp: number;
  /** Messages in a second, of all connections together; 0 = none. */
  readonly rate: number;
  /** Seconds of sending. */
  readonly duration: number;
  /** The event that is sent; undefined: native messages are sent. */
  readonly event: string | undefined;
  /** The beginning of a native message. */
  readonly message: string;
  readonly payloadSize: number;
  readonly codec: CodecName;
  readonly eventPrefix: string;
  readonly json: boolean;
}

/** The text of `--help`. */
export const HELP = `usage: fanring-load ws://host:port/path [options]

Opens WebSocket connections, sends messages at a steady rate, each of them from another connection,
and says how long they took to whoever got them. It ends by itself; Ctrl-C ends it early.

  --connections N      how many; default 100
  --ramp N             new connections in a second; default 500
  --rate N             messages in a second, all connections together; default 100; 0 = send none
  --duration S         seconds of sending, when all are open; default 10

  --event NAME         send events of that name, with a string as payload
  --message TEXT       send native messages that begin with TEXT; the default, with no TEXT
  --payload-size N     bytes of payload; default 64, at least ${STAMP_BYTES}
  --codec text|msgpack how events are encoded; default text
  --event-prefix TEXT  what events begin with; default ${DEFAULT_EVENT_PREFIX}

  --origin URL         an Origin header, as a page of that origin has
  --header 'A: b'      another header of the upgrade; may be given several times
  --insecure           accept any certificate of a wss: server

  --json               print the result as JSON; progress goes to standard error
  --help

The exit code is 0, 1 when a connection could not be opened or was lost, 2 for a wrong option.
`;

const OPTIONS = {
  connections: { type: 'string', default: '100' },
  ramp: { type: 'string', default: '500' },
  rate: { type: 'string', default: '100' },
  duration: { type: 'string', default: '10' },
  event: { type: 'string' },
  message: { type: 'string' },
  'payload-size': { type: 'string', default: '64' },
  codec: { type: 'string', default: 'text' },
  'event-prefix': { type: 'string', default: DEFAULT_EVENT_PREFIX },
  origin: { type: 'string' },
  header: { type: 'string', multiple: true, default: [] },
  insecure: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} satisfies ParseArgsConfig['options'];

/** Rules for the texts behind these options. */
const RULES = {
  connections: written(integer(1, 1_000_000)),
  ramp: written(integer(1, 1_000_000)),
  rate: written(number(0, 10_000_000)),
  duration: written(number(0, 86_400)),
  'payload-size': written(integer(STAMP_BYTES, 2 ** 24)),
  codec: rule('text or msgpack', undefined, (text) => Object.hasOwn(CODEC_SUBPROTOCOLS, `${text}`)),
  origin: rule('an origin such as https://example.com', undefined, isOrigin),
} satisfies Record<string, Check>;

/** A check of a number, for a text. */
function written({ allowed, check }: Check): Check {
  return { allowed, check: (text) => `${text}`.trim() !== '' && check(Number(text)) };
}

function isOrigin(text: unknown): boolean {
  return URL.canParse(`${text}`) && new URL(`${text}`).origin === text;
}

/**
 * Reads the command line.
 * @param args the words behind the name of the program
 * @returns undefined where help is asked for
 * @throws Error that names the option, its value and what is allowed
 */
export function readOptions(args: readonly string[]): LoadOptions | undefined {
  const options = { args: [...args], options: OPTIONS, allowPositionals: true } as const;
  const { values, positionals } = parseArgs(options);
  const { event, message, 'event-prefix': eventPrefix, header, insecure, json, help } = values;
  if (help) return undefined;
  const [url, ...more] = positionals;
  if (url === undefined) throw new Error('a URL is missing, such as ws://localhost:8080/chat');
  if (more.length > 0) throw new Error(`one URL, not ${positionals.join(' and ')}`);
  const { connections, ramp, rate, duration, 'payload-size': payloadSize, origin } = values;
  const codec = values.codec as CodecName;
  const ruled = { connections, ramp, rate, duration, 'payload-size': payloadSize, codec, origin };
  checkOptions(RULES, ruled, '--');
  if (event !== undefined && message !== undefined) {
    throw new Error('--event and --message: one of the two');
  }
  const headers = header.map(readHeader);
  if (origin !== undefined) headers.push(['Origin', origin]);
  // Servers that are not asked, or that know nothing of subprotocols, speak text.
  const protocol = codec === 'text' ? undefined : CODEC_SUBPROTOCOLS[codec];
  return {
    target: parseTarget(url, { headers, protocol, insecure }),
    url,
    connections: Number(connections),
    ramp: Number(ramp),
    rate: Number(rate),
    duration: Number(duration),
    event,
    message: message ?? '',
    payloadSize: Number(payloadSize),
    codec,
    eventPrefix,
    json,
  };
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trim();
  const value = line.slice(colon + 1).trim();
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw optionError('--header', line, "a header such as 'Cookie: a=b'");
  }
  return [name, value];
}
