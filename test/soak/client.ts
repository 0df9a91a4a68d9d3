import WebSocket from 'ws';
import { type CodecName, Ws, type WsOptions } from '../../src/client/index.ts';
import type { Endpoint } from './endpoints.ts';
import type { Arrival, ConnectionFacts, Membership, Stamp } from './facts.ts';
import type { Model } from './model.ts';
import { type Death, LOBBY, padding, type Verb } from './verbs.ts';

/** How a connection has ended. */
export interface ClientEnd {
  readonly code: number;
  readonly reason: string;
}

interface Said extends Omit<Arrival, 'pad'> {
  readonly pad: string;
}

interface Hello extends Stamp {
  readonly id: string;
  readonly shard: number;
}

interface Did {
  readonly id: number;
  readonly done: Stamp;
  readonly reply: Stamp;
}

/** Where a client's messages go. */
export interface Whom {
  readonly target: string;
  readonly exceptSender?: boolean;
  readonly pad?: number;
}

/** One connection of a client, which tells the model all that it asks for and gets. */
export class Client {
  readonly endpoint: Endpoint;
  readonly facts: ConnectionFacts;
  /** The rooms that it has asked to join and not to leave. */
  readonly rooms = new Map<string, Membership>();
  state: 'opening' | 'open' | 'dying' | 'ending' | 'ended' = 'opening';
  shard = 0;
  isStalled = false;
  /** With what code it has ended. */
  endCode = 0;
  readonly #model: Model;
  readonly #ws: Ws;
  readonly #ended = Promise.withResolvers<void>();
  readonly #unconfirmed = new Set<number>();
  #socket: WebSocket | undefined;
  #verbs: Verb[] = [];

  /** Begins to connect. */
  constructor(
    model: Model,
    endpoint: Endpoint,
    { port, codec }: { port: number; codec: CodecName | undefined },
    onEnd: (client: Client, end: ClientEnd) => void,
  ) {
    this.#model = model;
    this.endpoint = endpoint;
    this.facts = model.connect(endpoint.path);
    const keep = (socket: WebSocket) => {
      this.#socket = socket;
    };
    class Kept extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        keep(this);
      }
    }
    const options = { reconnect: false, idleTimeoutMs: 0, WebSocket: Kept } as WsOptions;
    const url = `ws://127.0.0.1:${port}${endpoint.path}`;
    this.#ws = new Ws(url, null, codec === undefined ? options : { ...options, codec });
    this.#ws.on('hello', (hello) => this.#greet(hello as Hello));
    this.#ws.on('said', (message) => this.#receive(message as Said));
    this.#ws.on('did', (done) => this.#confirm(done as Did));
    this.#ws.onDisconnect((end) => {
      const wasAsked = this.state === 'ending';
      this.state = 'ended';
      this.endCode = end.code;
      model.ended(this.facts);
      if (!wasAsked) onEnd(this, end);
      this.#ended.resolve();
    });
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether everything that it has asked for is done. */
  get isIdle(): boolean {
    return this.#unconfirmed.size === 0;
  }

  /** Asks to join a room; goes out with {@link Client.flush}. */
  join(room: string): void {
    if (this.rooms.has(room)) return;
    const [id, member] = this.#model.join(this.facts, room);
    this.rooms.set(room, member);
    this.#add({ verb: 'join', id, room });
  }

  /** Asks to leave a room; goes out with {@link Client.flush}. */
  leave(room: string): void {
    const member = this.rooms.get(room);
    if (member === undefined) return;
    this.rooms.delete(room);
    this.#add({ verb: 'leave', id: this.#model.leave(member), room });
  }

  /** Asks to have a message sent; goes out with {@link Client.flush}. */
  say(whom: Whom): void {
    this.#add(this.#saying(whom));
  }

  /** Sends what has been asked for, as one event, which is handled in one go. */
  flush(): void {
    if (this.#verbs.length === 0) return;
    this.#ws.emit('do', this.#verbs);
    this.#verbs = [];
  }

  /** Asks to have a message sent, as a question: the answer says that it was. */
  ask(whom: Whom): void {
    const verb = this.#saying(whom);
    this.#unconfirmed.add(verb.id);
    this.#ws.emitWithAck('ask', verb, { timeoutMs: 60_000 }).then(
      (stamp) => this.#done(verb.id, stamp as Stamp),
      () => {}, // the model misses the word, unless the connection has ended
    );
  }

  /**
   * Has the shard in which its handlers run end, at once behind sending some messages.
   * @returns their numbers
   */
  die(how: Death, lastWords: readonly Whom[]): number[] {
    const says = lastWords.map((whom) => this.#saying(whom));
    this.#verbs.push(...says, { verb: 'die', how });
    this.flush();
    this.state = 'dying';
    return says.map(({ id }) => id);
  }

  /** Blocks the thread in which its handlers run. */
  block(ms: number): void {
    this.#ws.emit('block', ms);
  }

  /** Stops to read. */
  stall(): void {
    this.isStalled = true;
    const { slowConsumer = 'close' } = this.endpoint;
    if (slowConsumer !== 'close') this.facts.isLossy = true;
    this.#socket?.pause();
  }

  /** Reads again. */
  resume(): void {
    this.isStalled = false;
    this.#socket?.resume();
  }

  /** Ends it, in good order or not. */
  end(how: 'close' | 'cut'): void {
    if (this.state === 'ended') return;
    this.state = 'ending';
    this.#model.ending(this.facts);
    this.resume(); // one that does not read never sees the other's close
    if (how === 'cut') this.#socket?.terminate();
    else this.#ws.close();
  }

  #saying({ target, exceptSender = false, pad = 0 }: Whom): Extract<Verb, { verb: 'say' }> {
    const { path: server } = this.endpoint;
    const id = this.#model.say({ server, target, sender: this.facts, exceptSender, pad });
    return exceptSender ? { verb: 'say', id, pad } : { verb: 'say', id, pad, target };
  }

  #add(verb: Exclude<Verb, { verb: 'die' }>): void {
    this.#unconfirmed.add(verb.id);
    this.#verbs.push(verb);
  }

  #greet({ id, shard, thread, n }: Hello): void {
    this.shard = shard;
    if (this.state === 'opening') this.state = 'open';
    this.rooms.set(LOBBY, this.#model.opened(this.facts, id, LOBBY, { thread, n }));
  }

  #receive(said: Said): void {
    const isWhole = said.pad === padding(said.id, said.pad.length);
    this.#model.received(this.facts, { ...said, pad: isWhole ? said.pad.length : -1 });
  }

  #confirm({ id, done, reply }: Did): void {
    this.#done(id, done, reply);
  }

  #done(id: number, done: Stamp, reply?: Stamp): void {
    this.#unconfirmed.delete(id);
    this.#model.did(id, done, reply);
  }
}
