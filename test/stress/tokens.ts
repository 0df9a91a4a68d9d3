import { strict as assert } from 'node:assert';
import { setTimeout as later } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type ConnectionRequest, Engine, type Server, withExpiry } from '../../src/main/index.ts';
import { CODEC_SUBPROTOCOLS, type Codec } from '../../src/shared/codec/codec.ts';
import { createCodecs } from '../../src/shared/codec/codecs.ts';
import { restartPort } from '../end-to-end/fixtures/restart-port.ts';
import { PLACES, type Place } from '../end-to-end/kit/test-engine.ts';
import { tokenOffer } from '../end-to-end/kit/tokens.ts';

/*
 * Clients whose tokens last 2 seconds, over restarts of the server: `npm run stress:tokens`.
 * Nobody may try with a stale token or be shut out, and no message that was accepted may be lost.
 */

const ECHO = new URL('../end-to-end/fixtures/token-echo.ts', import.meta.url);
const [CODEC] = createCodecs({
  codec: 'text',
  eventPrefix: 'iris-websocket-message:',
  maxEventNameBytes: 256,
}) as [Codec];
/** Milliseconds between two messages of a client. */
const PERIOD = 100;

/** A crowd and its time. */
export interface TokenRun {
  readonly place: Place;
  readonly clients: number;
  readonly restarts: number;
  readonly durationMs: number;
  /** Milliseconds that a token lasts. */
  readonly lifeMs: number;
}

/** The outcome: all but the first five have to be 0. */
export interface TokenResult {
  /** Messages that the server has answered. */
  accepted: number;
  renewals: number;
  connections: number;
  /** Closes that were no token's, such as those of a restart. */
  closes: number;
  /** Those of them whose client awaited an answer, which a close may overtake (PROTOCOL.md). */
  cutAsks: number;
  stale: number;
  /** Closes with 4401, and refusals with 401. */
  shutOut: number;
  /** Messages that handlers have had, and whose answers have not come, though nothing was closed. */
  lost: number;
}

/** A client that reconnects, written by hand: it says what it was told, and when. */
class TokenClient {
  readonly #url: string;
  readonly #lifeMs: number;
  readonly #result: TokenResult;
  #hasEnded = false;
  #socket: WebSocket | undefined;
  #sent = 0;
  /** The number of the message that has no answer yet; 0 = none. */
  #awaited = 0;

  constructor(url: string, lifeMs: number, result: TokenResult) {
    this.#url = url;
    this.#lifeMs = lifeMs;
    this.#result = result;
  }

  /** Connects again and again; resolves when it has been ended. */
  async run(): Promise<void> {
    while (!this.#hasEnded) {
      await this.#connect();
      if (!this.#hasEnded) await later(20 + Math.random() * 30);
    }
  }

  end(): void {
    this.#hasEnded = true;
    if (this.#awaited === 0) this.#socket?.close(); // else behind its answer
  }

  /** A new token: the time at which it expires. */
  #token(): string {
    return String(Date.now() + this.#lifeMs);
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(this.#url, [CODEC_SUBPROTOCOLS.text, tokenOffer(this.#token())]);
    this.#socket = socket;
    const closed = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    this.#awaited = 0;
    socket.on('error', () => {}); // 'close' follows
    socket.on('unexpected-response', (_request, response) => {
      if (response.statusCode === 401) this.#result.shutOut += 1;
      socket.terminate();
    });
    socket.on('open', () => {
      this.#result.connections += 1;
      timer = setInterval(() => {
        if (this.#awaited !== 0 || this.#hasEnded || socket.readyState !== WebSocket.OPEN) return;
        this.#awaited = ++this.#sent;
        socket.send(CODEC.withAsk(CODEC.encode('echo', this.#awaited), this.#awaited));
      }, PERIOD);
    });
    socket.on('message', (data: Buffer) => {
      const decoded = CODEC.decode(String(data));
      if ('event' in decoded && decoded.event === 'fanring:token') {
        this.#result.renewals += 1;
        socket.send(CODEC.encodeAnswer(decoded.ask as number, this.#token()));
      } else if ('answerTo' in decoded) {
        assert.deepEqual([decoded.answerTo, decoded.payload], [this.#awaited, this.#awaited]);
        this.#result.accepted += 1;
        this.#awaited = 0;
        if (this.#hasEnded) socket.close();
      }
    });
    socket.on('close', (code: number) => {
      clearInterval(timer);
      const hasBeenOpen = timer !== undefined;
      if (code === 4401) this.#result.shutOut += 1;
      else if (!this.#hasEnded && hasBeenOpen) {
        this.#result.closes += 1;
        if (this.#awaited !== 0) this.#result.cutAsks += 1;
      }
      closed.resolve();
    });
    await closed.promise;
  }
}

/** Runs a crowd of such clients; a restart ends the engine, and another one takes its port. */
export async function runTokens(run: TokenRun): Promise<TokenResult> {
  const result: TokenResult = {
    accepted: 0,
    renewals: 0,
    connections: 0,
    closes: 0,
    cutAsks: 0,
    stale: 0,
    shutOut: 0,
    lost: 0,
  };
  const handled = new Int32Array(new SharedArrayBuffer(4));
  const authorize = async ({ token }: ConnectionRequest) => {
    await later(5); // as a look into a database
    if (!(Number(token) > Date.now())) {
      result.stale += 1;
      return false;
    }
    return withExpiry(handled, Number(token));
  };
  const port = await restartPort();
  let engine = await listening(run.place, authorize, port);
  const url = `ws://127.0.0.1:${port}/a`;
  const clients = Array.from(
    { length: run.clients },
    () => new TokenClient(url, run.lifeMs, result),
  );
  const running = clients.map((client) => client.run());
  for (let left = run.restarts; left >= 0; left--) {
    await later(run.durationMs / (run.restarts + 1));
    if (left === 0) break;
    await engine.close();
    engine = await listening(run.place, authorize, port);
  }
  for (const client of clients) client.end();
  await Promise.all(running);
  await engine.close();
  const unanswered = (handled[0] as number) - result.accepted;
  assert.ok(unanswered >= 0, `${-unanswered} answers that no handler has given`);
  result.lost = Math.max(0, unanswered - result.cutAsks);
  return result;
}

async function listening(
  place: Place,
  authorize: (request: ConnectionRequest) => unknown,
  port: number,
): Promise<Engine> {
  const engine = new Engine({ shards: 2 });
  engine.on('error', (error) => assert.fail(error));
  const options = { endpoint: '/a', authorize };
  const server: Server = engine.server(
    place === 'module' ? { ...options, handlers: ECHO } : options,
  );
  if (place === 'closures') server.onConnection((await import(ECHO.href)).onConnection);
  await engine.listen(port, { host: '127.0.0.1' });
  return engine;
}

/** Checks a result. */
export function assertKept({ stale, shutOut, lost, ...counts }: TokenResult, run: TokenRun): void {
  assert.deepEqual({ stale, shutOut, lost }, { stale: 0, shutOut: 0, lost: 0 });
  assert.equal(counts.closes, run.clients * run.restarts, 'each restart closes each once');
  assert.equal(counts.connections, run.clients * (run.restarts + 1));
  const lives = (run.durationMs / run.lifeMs) * run.clients;
  assert.ok(counts.renewals > lives / 2, `${counts.renewals} renewals`);
}

if (import.meta.main) {
  for (const place of PLACES) {
    const run = { place, clients: 200, restarts: 2, durationMs: 60_000, lifeMs: 2_000 };
    const result = await runTokens(run);
    console.log(place, result);
    assertKept(result, run);
  }
}
