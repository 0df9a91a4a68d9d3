import { createSecureContext, type TlsOptions as NodeTls, Server as TlsServer } from 'node:tls';
import { EngineError, messageOf } from '../../shared/api/errors.ts';
import type { ShardTls, TlsContext } from '../../shared/messages/tls-messages.ts';
import {
  type Check,
  checkOptions,
  isObject,
  isText,
  secretError,
  secretRule,
} from '../../shared/options/option-rules.ts';

type Pem = string | Uint8Array;

/** A certificate with its key, and further options that one server name may have for itself. */
export interface TlsIdentity {
  /** Private key: PEM, or several of different algorithms. */
  key?:
    | Pem
    | readonly (Pem | { readonly pem: Pem; readonly passphrase?: string | undefined })[]
    | undefined;
  /** Certificate chain: PEM, or one for each key. */
  cert?: Pem | readonly Pem[] | undefined;
  /** Key and chain in one, as PKCS#12. */
  pfx?: Uint8Array | undefined;
  /** Of the key or the PKCS#12 file. */
  passphrase?: string | undefined;
  /** Authorities that client certificates are checked against: PEM. */
  ca?: Pem | readonly Pem[] | undefined;
}

/** TLS options of a port; those left out are as in Node.js. */
export interface TlsOptions extends TlsIdentity {
  /** Other identities by server name: 'a.example', or '*.example' for one label in its place. */
  sni?: Readonly<Record<string, TlsIdentity>> | undefined;
  /** Cipher suites, as OpenSSL writes them. */
  ciphers?: string | undefined;
  /** Whether the server's order of cipher suites counts. */
  honorCipherOrder?: boolean | undefined;
  ecdhCurve?: string | undefined;
  sigalgs?: string | undefined;
  minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Whether clients are asked for a certificate. */
  requestCert?: boolean | undefined;
  /** Whether clients without a certificate of an authority in `ca` are cut. Default true. */
  rejectUnauthorized?: boolean | undefined;
  /** Seconds for which a session may be resumed. */
  sessionTimeout?: number | undefined;
  /** 48 bytes that session tickets are encrypted with. Default: random ones, for all shards. */
  ticketKeys?: Uint8Array | undefined;
}

const PEM_BEGINS = '-----BEGIN ';
const isPemText = (value: unknown) => typeof value === 'string' && value.includes(PEM_BEGINS);
const isPem = (value: unknown) => isPemText(value) || value instanceof Uint8Array;
const isPems = (value: unknown) => isPem(value) || (Array.isArray(value) && value.every(isPem));

// A wrong value may be a key in the wrong place: no error shows it.
const PEMS = secretRule('PEM text (no file name), bytes, or an array of these', isPems);
const TEXT = secretRule('a non-empty string', isText);
const BOOLEAN = secretRule('a boolean', (value) => typeof value === 'boolean');
const VERSION = secretRule(
  "'TLSv1.2' or 'TLSv1.3'",
  (value) => value === 'TLSv1.2' || value === 'TLSv1.3',
);

/** One for each option; none of them has a default. */
type Checks<Options> = Readonly<Record<keyof Options, Check>>;

const IDENTITY: Checks<TlsIdentity> = {
  key: secretRule(
    'PEM text (no file name), bytes, or an array of these and of { pem, passphrase? }',
    isKeys,
  ),
  cert: PEMS,
  pfx: secretRule('bytes', (value) => value instanceof Uint8Array),
  passphrase: secretRule('a string', (value) => typeof value === 'string'),
  ca: PEMS,
};

/** Options that hold for every server name. */
const COMMON: Checks<Omit<TlsOptions, keyof TlsIdentity | 'sni'>> = {
  ciphers: TEXT,
  honorCipherOrder: BOOLEAN,
  ecdhCurve: TEXT,
  sigalgs: TEXT,
  minVersion: VERSION,
  maxVersion: VERSION,
  requestCert: BOOLEAN,
  rejectUnauthorized: BOOLEAN,
  sessionTimeout: secretRule(
    'a whole number of seconds from 0 to 2147483647',
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31,
  ),
  ticketKeys: secretRule('48 bytes', (value) => value instanceof Uint8Array && value.length === 48),
};

const OPTIONS: Checks<TlsOptions> = {
  ...IDENTITY,
  ...COMMON,
  sni: secretRule('an object of server names, each with a key and cert of its own', isObject),
};

/** Options that shards need besides the app's. */
export interface TlsDefaults {
  /** Milliseconds for a TLS handshake. */
  readonly handshakeTimeout: number;
  /** 48 bytes: the same in all shards, so that a session is resumed in any of them. */
  readonly ticketKeys: Uint8Array;
  /** The listener of a session: it is resumed at no other one. */
  readonly sessionIdContext: string;
}

/**
 * Checks the options of TLS, keys and certificates too; the errors never show their content.
 * @throws EngineError ERR_OPTION
 */
export function resolveTls(tls: TlsOptions, defaults: TlsDefaults): ShardTls {
  const { sni = {}, ...own } = given('tls', OPTIONS, tls) as TlsOptions;
  const server = { ...defaults, ...own, ALPNProtocols: ['http/1.1'] };
  const named = new Map<string, TlsContext>();
  for (const [name, identity] of Object.entries(sni)) {
    const option = `tls.sni['${name}']`;
    if (!SERVER_NAME.test(name)) throw secretError(option, "a server name, or '*.' and one");
    const context = { ...common(own), ...given(option, IDENTITY, identity) };
    attempt(option, context, () => void createSecureContext(context as NodeTls));
    named.set(name.toLowerCase(), context);
  }
  attempt('tls', server, () => void new TlsServer(server as NodeTls));
  return { server, named };
}

const SERVER_NAME = /^(\*\.)?[a-z\d_-]+(\.[a-z\d_-]+)*$/i;

function common(options: TlsOptions): TlsContext {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(COMMON, name)),
  );
}

/** The options that are given: for an undefined one Node.js would not take its default. */
function given<Options extends object>(
  at: string,
  rules: Checks<Options>,
  options: Options,
): TlsContext {
  if (!isObject(options)) throw secretError(at, 'an object with key and cert');
  checkOptions(rules, options, `${at}.`);
  const names = Object.keys(rules) as (keyof Options)[];
  const values = names.map((name) => [name, options[name]] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Lets OpenSSL look at key and certificate. */
function attempt(at: string, { key, cert, pfx }: TlsContext, make: () => void): void {
  if (pfx === undefined && (key === undefined || cert === undefined)) {
    throw new EngineError('ERR_OPTION', `${at}: key and cert are needed, or pfx`);
  }
  // Of these OpenSSL says that there is no start line.
  const isKeyWrong = holds(key, CERTIFICATE) && !holds(key, PRIVATE_KEY);
  const isCertWrong = holds(cert, PRIVATE_KEY) && !holds(cert, CERTIFICATE);
  if (isKeyWrong && isCertWrong) {
    throw new EngineError('ERR_OPTION', `${at}: key and cert are swapped`);
  }
  if (isKeyWrong) throw secretError(`${at}.key`, 'a private key, and is a certificate');
  if (isCertWrong) throw secretError(`${at}.cert`, 'a certificate, and is a private key');
  try {
    make();
  } catch (cause) {
    throw new EngineError('ERR_OPTION', `${at}: ${messageOf(cause)}`, { cause });
  }
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const PRIVATE_KEY = 'PRIVATE KEY-----';

/** Whether a key or certificate, or one of several, has this mark of PEM. */
function holds(value: unknown, mark: string): boolean {
  if (Array.isArray(value)) return value.some((one) => holds(one?.pem ?? one, mark));
  if (typeof value === 'string') return value.includes(mark);
  return value instanceof Uint8Array && Buffer.from(value).includes(mark);
}

function isKeys(value: unknown): boolean {
  if (!Array.isArray(value)) return isPem(value);
  return value.every(
    (key) => isPem(key) || (isObject(key) && isPem((key as { pem?: unknown }).pem)),
  );
}
