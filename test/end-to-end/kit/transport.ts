import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientOptions } from 'ws';
import type { ListenOptions } from '../../../src/main/index.ts';

const FIXTURES = new URL('../fixtures/tls/', import.meta.url);

/** A file of the TLS tests: `first.pem`, say; fixtures/tls/make.sh makes them. */
export function tlsFile(name: string): Buffer {
  return readFileSync(new URL(name, FIXTURES));
}

/** Key and certificate of one of the servers of the TLS tests. */
export function identity(name: 'first' | 'second' | 'wildcard' | 'exact') {
  return { key: tlsFile(`${name}.key`), cert: tlsFile(`${name}.pem`) };
}

const CA = tlsFile('ca.pem');

let overTls = false;

/** From here on the tests of this process speak TLS: the engines of `withEngine`, and all clients. */
export function speakTls(): void {
  overTls = true;
}

/** Why a test is left out where the others of its file speak TLS; false: it is not. */
export function skippedOverTls(reason: string): string | false {
  return overTls && reason;
}

/** How test engines listen. */
export function listenOptions(): ListenOptions {
  const host = '127.0.0.1';
  return overTls ? { host, tls: identity('first') } : { host };
}

/** What WebSocket URLs begin with. */
export function webSocketScheme(): 'ws' | 'wss' {
  return overTls ? 'wss' : 'ws';
}

/** What clients of `ws` need for it. */
export function clientOptions(): ClientOptions {
  return overTls ? { ca: CA } : {};
}

/** A connection to a port of the loopback interface, with what it emits when it is open. */
export function openSocket(port: number): { socket: Socket; opens: 'connect' | 'secureConnect' } {
  const options = { port, host: '127.0.0.1', allowHalfOpen: true };
  if (!overTls) return { socket: connectTcp(options), opens: 'connect' };
  return { socket: connectTls({ ...options, ca: CA }), opens: 'secureConnect' };
}
