import { strict as assert } from 'node:assert';
import type { Server } from '../../../src/main/index.ts';
import type { CodecName } from '../../../src/shared/codec/codec.ts';
import type { Call } from '../fixtures/outside.ts';
import { VerbClient } from './verb-client.ts';

/** A client of the handlers in `fixtures/outside.ts`. */
export class OutsideClient implements AsyncDisposable {
  readonly #client: VerbClient;
  readonly id: string;

  private constructor(client: VerbClient, id: string) {
    this.#client = client;
    this.id = id;
  }

  /** Opens a connection that is in these rooms. */
  static async open(
    port: number,
    path: string,
    rooms: readonly string[] = [],
    codec: CodecName = 'text',
  ): Promise<OutsideClient> {
    const protocols = codec === 'text' ? [] : ['fanring.msgpack.v1'];
    const client = await VerbClient.open({ port }, path, { codec, protocols });
    client.emit('id');
    const opened = new OutsideClient(client, (await calledOf(client)) as string);
    for (const room of rooms) {
      client.emit('join', room);
      await calledOf(client);
    }
    return opened;
  }

  /** Has its connection do something; resolves with what it says came of it. */
  async do(event: string, payload?: unknown): Promise<unknown> {
    this.#client.emit(event, payload);
    return calledOf(this.#client);
  }

  emit(event: string, payload?: unknown): void {
    this.#client.emit(event, payload);
  }

  next(): Promise<unknown> {
    return this.#client.next();
  }

  untilEnd(): Promise<unknown[]> {
    return this.#client.untilEnd();
  }

  closed(): Promise<{ code: number; reason: string }> {
    return this.#client.closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

async function calledOf(client: VerbClient): Promise<unknown> {
  const [event, payload] = (await client.next()) as [string, unknown];
  assert.equal(event, 'called', `${payload}`);
  return payload;
}

/** A server that is called: on the primary, or by the handlers of a connection, wherever they are. */
export type Caller = (...call: Call) => Promise<unknown>;

/** Who calls the server in a test. */
export const CALLERS = ['the primary', 'a connection'] as const;

/** One of {@link CALLERS} that calls a server. */
export function callerOf(
  who: (typeof CALLERS)[number],
  server: Server,
  client: OutsideClient,
): Caller {
  if (who === 'a connection') return (...call) => client.do('call', call);
  return async (method, ...args) =>
    (await (server[method] as (...args: unknown[]) => unknown).call(server, ...args)) ?? null;
}
