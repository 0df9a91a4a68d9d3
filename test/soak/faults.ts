import type { Client, ClientEnd } from './client.ts';
import type { Violations } from './violations.ts';

// The ends of connections and the word that their shard has died come by different ways.
const TOGETHER_MS = 10_000;

interface Suspect {
  readonly client: Client;
  readonly end: ClientEnd;
  readonly at: number;
  readonly wasOpening: boolean;
}

/** Faults, counted. */
export interface FaultCounts {
  /** Shards that were killed. */
  deaths: number;
  /** Connections that ended with them, those that were being opened among them. */
  endedByDeath: number;
  /** Times that a client stopped to read. */
  stalls: number;
  /** Times that one was flooded meanwhile. */
  floods: number;
  /** Connections that were closed because they were slow. */
  closedSlow: number;
}

/** Knows which faults were made on purpose; all others are violations. */
export class Faults {
  readonly counts: FaultCounts = {
    deaths: 0,
    endedByDeath: 0,
    stalls: 0,
    floods: 0,
    closedSlow: 0,
  };
  /** When shards have died, in milliseconds of `performance.now()`. */
  readonly deaths: { readonly shard: number; readonly at: number }[] = [];
  readonly #violations: Violations;
  readonly #planned = new Set<number>();
  readonly #told = new Map<string, number>();
  readonly #stalled: Client[] = [];
  #suspects: Suspect[] = [];

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  /** Whether a shard has been told to die and has not done so. */
  get isDying(): boolean {
    return this.#planned.size > 0;
  }

  /** A shard is told to die. */
  plan(shard: number): void {
    this.#planned.add(shard);
  }

  /** The engine has said that a shard has died. */
  died(shard: number, reason: string): void {
    if (!this.#planned.delete(shard)) {
      this.#violations.add('death', `shard ${shard}: ${reason}`);
      return;
    }
    this.counts.deaths++;
    this.deaths.push({ shard, at: performance.now() });
  }

  /** A connection has ended that its client had not ended. */
  ended(client: Client, end: ClientEnd): void {
    if (client.facts.isFlooded && client.endpoint.slowConsumer === 'close') {
      this.counts.closedSlow++;
      return;
    }
    const wasOpening = client.facts.home === undefined;
    this.#suspects.push({ client, end, at: performance.now(), wasOpening });
  }

  /** A client has stopped to read where the server drops. */
  stalled(client: Client): void {
    this.#stalled.push(client);
  }

  /** A handler was told how many messages a connection has lost while it was behind. */
  dropped(id: string, count: number): void {
    this.#told.set(id, (this.#told.get(id) ?? 0) + count);
  }

  /** The engine, or a handler, has reported an error. */
  reported(code: string, detail: string): void {
    if (code !== 'ERR_SLOW_CONSUMER') this.#violations.add('error', `${code}, ${detail}`);
  }

  /** Judges connections that ended before this time: their shard has died, or something is wrong. */
  judge(until: number): void {
    const left = this.#suspects.filter(({ at }) => at > until - TOGETHER_MS);
    for (const suspect of this.#suspects) {
      if (!left.includes(suspect)) this.#judge(suspect);
    }
    this.#suspects = left;
  }

  /** Compares what connections have lost with what their handlers were told of it. */
  judgeDrops(): void {
    for (const { facts, endCode } of this.#stalled) {
      if (endCode === 1006) continue; // who would have been told may have died with it
      const { id, number, server, missed, open } = facts;
      const told = this.#told.get(id) ?? 0;
      if (told >= missed && told <= missed + open) continue;
      const lost = `${missed} to ${missed + open}`;
      this.#violations.add('miscounted', `${told} in place of ${lost}, ${number} of ${server}`);
    }
  }

  #judge({ client: { facts, shard }, end, at, wasOpening }: Suspect): void {
    const cause = this.deaths.find(
      (death) => Math.abs(death.at - at) < TOGETHER_MS && (wasOpening || death.shard === shard),
    );
    if (cause !== undefined) {
      this.counts.endedByDeath++;
      return;
    }
    const what = `connection ${facts.number} of ${facts.server}: ${end.code} ${end.reason}`;
    this.#violations.add(wasOpening ? 'refused' : 'closed', what);
  }
}
