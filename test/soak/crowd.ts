import { Client, type ClientEnd, type Whom } from './client.ts';
import { ENDPOINTS, type Endpoint, ROOMS } from './endpoints.ts';
import type { EngineLink } from './engine-link.ts';
import type { Faults } from './faults.ts';
import type { Model } from './model.ts';
import type { Random } from './random.ts';

interface Slot {
  readonly endpoint: Endpoint;
  client: Client | undefined;
  /** The step at which it reads again. */
  resumeAt: number;
}

/** What a {@link Crowd} acts on. */
export interface Stage {
  readonly model: Model;
  readonly faults: Faults;
  readonly link: EngineLink;
  readonly random: Random;
  readonly port: number;
  /** How many clients there are, for all servers together. */
  readonly connections: number;
}

const FLOOD_BATCHES = 20;
const FLOOD_BATCH = 15;
const FLOOD_BYTES = 32_768;
const MAX_STALL_STEPS = 400;
const STEPS_BETWEEN_LOOKS = 20;
const MAX_BLOCK_MS = 300;

/** All clients. Each step, one of them does something. */
export class Crowd {
  steps = 0;
  readonly #stage: Stage;
  readonly #slots: Slot[];
  // When everything has arrived that was asked for up to here, a shard may be killed.
  #markedAt: number | undefined;
  #mustKill = false;
  readonly #dying = new Map<number, { ids: number[]; thread: number }>();

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#slots = Array.from({ length: stage.connections }, (_, index) => ({
      endpoint: ENDPOINTS[index % ENDPOINTS.length] as Endpoint,
      client: undefined,
      resumeAt: 0,
    }));
  }

  /** One of the clients does something. */
  step(): void {
    this.steps++;
    for (const slot of this.#slots) {
      if (slot.client?.isStalled && slot.resumeAt <= this.steps) slot.client.resume();
    }
    if (this.#mustKill && this.steps % STEPS_BETWEEN_LOOKS === 0) this.#kill();
    const slot = this.#stage.random.pick(this.#slots);
    if (slot === undefined) return;
    const { client } = slot;
    if (client === undefined || client.state === 'ended') this.#open(slot);
    else if (client.state === 'open' && client.isStalled) this.#flood(client);
    else if (client.state === 'open') this.#act(slot, client);
  }

  /** Has a shard die, soon. */
  kill(): void {
    this.#mustKill = true;
  }

  /** A shard has died. */
  died(shard: number): void {
    const { ids, thread } = this.#dying.get(shard) ?? { ids: [], thread: 0 };
    this.#dying.delete(shard);
    this.#stage.model.sentAtDeath(ids, thread);
  }

  /** Whether nothing may be sent that fills a ring. */
  get #isCareful(): boolean {
    return this.#mustKill || this.#stage.faults.isDying;
  }

  /** All read again. */
  resume(): void {
    for (const { client } of this.#slots) client?.resume();
  }

  /** All end their connections, or those that are chosen; resolves when they have. */
  async end(isChosen = (_client: Client) => true): Promise<void> {
    const clients = this.#slots.flatMap(({ client }) => client ?? []).filter(isChosen);
    for (const client of clients) client.end('close');
    await Promise.all(clients.map(({ ended }) => ended));
  }

  #open(slot: Slot): void {
    const { model, port, random, faults } = this.#stage;
    const codec = random.pick(slot.endpoint.asks);
    const onEnd = (client: Client, end: ClientEnd) => faults.ended(client, end);
    slot.client = new Client(model, slot.endpoint, { port, codec }, onEnd);
  }

  #act(slot: Slot, client: Client): void {
    const { random, faults } = this.#stage;
    const roll = random.next();
    if (client.facts.isLossy) {
      // It need not have heard that what it asked for was done: it asks for nothing more.
      if (roll < 0.1) client.end('close');
    } else if (roll < 0.55) client.say(this.#whom(client));
    else if (roll < 0.63) client.ask(this.#whom(client));
    else if (roll < 0.7) this.#sayFromPrimary(client);
    else if (roll < 0.8) client.join(random.pick(ROOMS) ?? '');
    else if (roll < 0.87) client.leave(random.pick([...client.rooms.keys()]) ?? '');
    else if (roll < 0.95) this.#mix(client);
    else if (roll < 0.97) client.end(random.chance(0.7) ? 'close' : 'cut');
    else if (client.isIdle) {
      faults.counts.stalls++;
      slot.resumeAt = this.steps + 1 + random.below(MAX_STALL_STEPS);
      client.stall();
      if (client.facts.isLossy) faults.stalled(client);
    }
    client.flush();
  }

  /** Joins, leaves and messages that are handled in one go. */
  #mix(client: Client): void {
    const { random } = this.#stage;
    for (let left = 2 + random.below(8); left > 0; left--) {
      const room = random.pick(ROOMS) ?? '';
      const roll = random.next();
      if (roll < 0.25) client.join(room);
      else if (roll < 0.5) client.leave(room);
      else client.say({ target: room });
    }
  }

  #whom(client: Client): Whom {
    const { random } = this.#stage;
    const roll = random.next();
    const pad = this.#pad(client.endpoint);
    if (roll < 0.05) return { target: '', pad };
    if (roll < 0.12) return { target: '', exceptSender: true, pad };
    if (roll < 0.25) return { target: this.#other(client)?.facts.id ?? '', pad };
    return { target: random.pick(ROOMS) ?? '', pad };
  }

  #pad({ slowConsumer }: Endpoint): number {
    const { random } = this.#stage;
    // What is large is for connections that may have much waiting, and travels in pieces.
    if (slowConsumer !== undefined || this.#isCareful || !random.chance(0.03)) {
      return random.below(200);
    }
    return random.below(50_000);
  }

  #sayFromPrimary({ endpoint }: Client): void {
    const { model, link, random } = this.#stage;
    const { path: server } = endpoint;
    const target = random.chance(0.2) ? '' : (random.pick(ROOMS) ?? '');
    const pad = this.#pad(endpoint);
    const id = model.say({ server, target, pad });
    link.tell({ kind: 'say', server, id, target, pad });
  }

  /** Another one on the same server that reads. */
  #other(client: Client): Client | undefined {
    const others = this.#slots.flatMap(({ client: other }) =>
      other?.state === 'open' && !other.isStalled && !other.facts.isLossy ? [other] : [],
    );
    return this.#stage.random.pick(
      others.filter((other) => other !== client && other.endpoint === client.endpoint),
    );
  }

  /** Sends more to a client that does not read than may wait for it. */
  #flood(client: Client): void {
    const { faults } = this.#stage;
    if (client.endpoint.slowConsumer === undefined || client.facts.isFlooded) return;
    if (this.#isCareful) return;
    const sender = this.#other(client);
    if (sender === undefined) return;
    client.facts.isFlooded = true;
    faults.counts.floods++;
    for (let batch = 0; batch < FLOOD_BATCHES; batch++) {
      for (let i = 0; i < FLOOD_BATCH; i++) {
        sender.say({ target: client.facts.id, pad: FLOOD_BYTES });
      }
      sender.flush();
    }
  }

  #kill(): void {
    const { random, faults, model } = this.#stage;
    if (faults.isDying) return;
    const reading = this.#slots.flatMap(({ client }) =>
      client?.state === 'open' && !client.isStalled ? [client] : [],
    );
    if (this.#markedAt === undefined) this.#markedAt = this.#mark(reading);
    if (!model.hasArrived(this.#markedAt)) return;
    const victims = reading.filter(({ endpoint, facts }) => {
      return endpoint.place === 'module' && !facts.isLossy;
    });
    const victim = random.pick(victims);
    if (victim === undefined) return;
    this.#mustKill = false;
    this.#markedAt = undefined;
    const { shard, facts } = victim;
    faults.plan(shard);
    if (random.chance(0.5)) this.#block(reading, facts.home ?? 0);
    const lastWords = Array.from({ length: 5 }, () => ({ target: random.pick(ROOMS) ?? '' }));
    const ids = victim.die(random.chance(0.5) ? 'exit' : 'throw', lastWords);
    this.#dying.set(shard, { ids, thread: facts.home ?? 0 });
  }

  /**
   * What still waits for room in a ring dies with its sender, and is rightly lost. So something is
   * sent behind it, from every thread to every other: when that has arrived, nothing waits.
   */
  #mark(clients: readonly Client[]): number {
    for (const client of clients) {
      if (client.facts.isLossy) continue;
      client.say({ target: '' });
      client.flush();
    }
    return this.#stage.model.now;
  }

  /** Blocks all threads but one: some hear of its death before they look into its rings. */
  #block(clients: readonly Client[], except: number): void {
    const threads = new Map(clients.map((client) => [client.facts.home, client]));
    threads.delete(except);
    for (const client of threads.values()) client.block(this.#stage.random.below(MAX_BLOCK_MS));
  }
}
