import { validateHeaderName, validateHeaderValue } from 'node:http';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CODEC_SUBPROTOCOLS, type CodecName } from '../shared/codec/codec.ts';
import { DEFAULT_EVENT_PREFIX } from '../shared/codec/text-codec.ts';
import { type LoadTarget, parseTarget } from './load-target.ts';
import { STAMP_BYTES } from './stamp.ts';

/** What the load tool was asked for. */
export interface LoadOptions {
  readonly target: LoadTarget;
  readonly url: string;
  readonly connections: number;
  /** New connections in a second. */
  readonly ramp: number;
  /** Messages in a second, of all connections together; 0 = none. */
  readonly rate: number;
  /** How long messages are sent, in seconds. */
  readonly duration: number;
  /** The event that is sent; undefined: native messages are. */
  readonly event: string | undefined;
  /** What a native message begins with. */
  readonly message: string;
  readonly payloadSize: number;
  readonly codec: CodecName;
  readonly eventPrefix: string;
  readonly json: boolean;
}

/** What `--help` prints. */
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

/**
 * Reads the command line.
 * @param args what stands behind the name of the program
 * @returns undefined where help is asked for
 * @throws Error that names the option, its value and what is allowed
 */
export function readOptions(args: readonly string[]): LoadOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const [url, ...more] = positionals;
  if (url === undefined) throw new Error('a URL is missing, such as ws://localhost:8080/chat');
  if (more.length > 0) throw new Error(`one URL, not ${positionals.join(' and ')}`);
  const { codec, event, message } = values;
  if (codec !== 'text' && codec !== 'msgpack') {
    throw new Error(`--codec: '${codec}' is not text or msgpack`);
  }
  if (event !== undefined && message !== undefined) {
    throw new Error('--event and --message: one of the two');
  }
  const headers = values.header.map(readHeader);
  if (values.origin !== undefined) headers.push(['Origin', readOrigin(values.origin)]);
  // Text is what servers speak that are not asked, and those that know nothing of subprotocols.
  const protocol = codec === 'text' ? undefined : CODEC_SUBPROTOCOLS[codec];
  return {
    target: parseTarget(url, { headers, protocol, insecure: values.insecure }),
    url,
    connections: integer('connections', values.connections, 1, 1_000_000),
    ramp: integer('ramp', values.ramp, 1, 1_000_000),
    rate: number('rate', values.rate, 0, 10_000_000),
    duration: number('duration', values.duration, 0, 86_400),
    event,
    message: message ?? '',
    payloadSize: integer('payload-size', values['payload-size'], STAMP_BYTES, 2 ** 24),
    codec,
    eventPrefix: values['event-prefix'],
    json: values.json,
  };
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Error(`--${name}: '${text}' is not a number from ${least} to ${most}`);
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name}: '${text}' is not a whole number from ${least} to ${most}`);
}

function readOrigin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new Error(`--origin: '${text}' is not an origin such as https://example.com`);
}

function readHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trim();
  const value = line.slice(colon + 1).trim();
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new Error(`--header: '${line}' is not a header such as 'Cookie: a=b'`);
  }
  return [name, value];
}
