import { createSecureContext, type TlsOptions as NodeTls, Server as TlsServer } from 'node:tls';
import { EngineError, messageOf } from '../shared/errors.ts';
import type { ShardTls, TlsContext } from '../shared/secure-messages.ts';

type Pem = string | Uint8Array;

/** A certificate with its key, and what else one server name may have for itself. */
export interface TlsIdentity {
  /** Private key: PEM, or several of different algorithms. */
  key?: Pem | readonly (Pem | { readonly pem: Pem; readonly passphrase?: string })[] | undefined;
  /** Certificate chain: PEM, or one for each key. */
  cert?: Pem | readonly Pem[] | undefined;
  /** Key and chain in one, as PKCS#12. */
  pfx?: Uint8Array | string | undefined;
  /** Of the key or the PKCS#12 file. */
  passphrase?: string | undefined;
  /** Authorities that client certificates are checked against: PEM. */
  ca?: Pem | readonly Pem[] | undefined;
}

/** How a port speaks TLS; whatever is not said is as in Node.js. */
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
  /** Whether those that have none that `ca` vouches for are cut. Default true. */
  rejectUnauthorized?: boolean | undefined;
  /** Seconds for which a session may be resumed. */
  sessionTimeout?: number | undefined;
  /** 48 bytes that session tickets are encrypted with. Default: random ones, for all shards. */
  ticketKeys?: Uint8Array | undefined;
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isPem = (value: unknown) => isText(value) || value instanceof Uint8Array;
const isPems = (value: unknown) => isPem(value) || (Array.isArray(value) && value.every(isPem));
const isBoolean = (value: unknown) => typeof value === 'boolean';
const isVersion = (value: unknown) => value === 'TLSv1.2' || value === 'TLSv1.3';

/** What an option may be, and whether something is that. */
type Check = readonly [allowed: string, check: (value: unknown) => boolean];

const PEMS: Check = ['PEM text, bytes, or an array of these', isPems];
const TEXT: Check = ['a non-empty string', isText];
const BOOLEAN: Check = ['a boolean', isBoolean];
const VERSION: Check = ["'TLSv1.2' or 'TLSv1.3'", isVersion];

const IDENTITY: Readonly<Record<keyof TlsIdentity, Check>> = {
  key: ['PEM text, bytes, or an array of these or of { pem, passphrase? }', isKeys],
  cert: PEMS,
  pfx: ['bytes', isPem],
  passphrase: ['a string', (value) => typeof value === 'string'],
  ca: PEMS,
};

/** What holds for every server name. */
const COMMON: Readonly<Record<Exclude<keyof TlsOptions, keyof TlsIdentity | 'sni'>, Check>> = {
  ciphers: TEXT,
  honorCipherOrder: BOOLEAN,
  ecdhCurve: TEXT,
  sigalgs: TEXT,
  minVersion: VERSION,
  maxVersion: VERSION,
  requestCert: BOOLEAN,
  rejectUnauthorized: BOOLEAN,
  sessionTimeout: [
    'a whole number of seconds from 0 to 2147483647',
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31,
  ],
  ticketKeys: ['48 bytes', (value) => value instanceof Uint8Array && value.length === 48],
};

const SNI: Check = ['an object of server names, each with a key and cert of its own', isObject];
const OPTIONS = { ...IDENTITY, ...COMMON, sni: SNI };

/** What shards need besides the app's options. */
export interface TlsDefaults {
  /** Milliseconds for a TLS handshake. */
  readonly handshakeTimeout: number;
  /** 48 bytes: the same in all shards, so that a session is resumed in any of them. */
  readonly ticketKeys: Uint8Array;
  /** What sessions belong to: those of one listener are no good at another one. */
  readonly sessionIdContext: string;
}

/**
 * Checks the options of TLS, keys and certificates too; the errors never show what is in them.
 * @throws EngineError ERR_OPTION
 */
export function resolveTls(tls: TlsOptions, defaults: TlsDefaults): ShardTls {
  const { sni = {}, ...own } = checked('tls', tls, OPTIONS) as TlsOptions;
  const server = { ...defaults, ...own, ALPNProtocols: ['http/1.1'] };
  const named = new Map<string, TlsContext>();
  for (const [name, identity] of Object.entries(sni)) {
    if (!SERVER_NAME.test(name)) fail(`tls.sni['${name}']`, "a server name, or '*.' and one");
    const option = `tls.sni['${name}']`;
    const context = { ...common(own), ...checked(option, identity, IDENTITY) };
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

/** The options that are given, each of its own type. */
function checked(at: string, options: object, checks: Readonly<Record<string, Check>>): TlsContext {
  if (!isObject(options)) fail(at, 'an object with key and cert');
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(checks, name)) {
      const known = Object.keys(checks).join(', ');
      throw new EngineError('ERR_OPTION', `${at}.${name}: no such option; there are ${known}`);
    }
    const [allowed, check] = checks[name] as Check;
    if (!check(value)) fail(`${at}.${name}`, allowed);
  }
  return Object.fromEntries(given);
}

/** Lets OpenSSL look at key and certificate. */
function attempt(at: string, { key, cert, pfx }: TlsContext, make: () => void): void {
  if (pfx === undefined && (key === undefined || cert === undefined)) {
    throw new EngineError('ERR_OPTION', `${at}: key and cert are needed, or pfx`);
  }
  try {
    make();
  } catch (cause) {
    throw new EngineError('ERR_OPTION', `${at}: ${messageOf(cause)}`, { cause });
  }
}

/** Other than errors of other options, these never show the value: it may be a key. */
function fail(at: string, allowed: string): never {
  throw new EngineError('ERR_OPTION', `${at} must be ${allowed}`);
}

function isKeys(value: unknown): boolean {
  const keys = Array.isArray(value) ? value : [value];
  return keys.every(
    (key) => isPem(key) || (isObject(key) && isPem((key as { pem?: unknown }).pem)),
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
