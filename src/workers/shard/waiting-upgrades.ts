import type { ShardServer } from '../deliver/shard-server.ts';

/** An upgrade that waits for its server. */
interface Waiting {
  readonly take: (server: ShardServer) => void;
  readonly refuse: () => void;
}

/**
 * Upgrades that wait for one server. Nobody reads from their sockets, so that a client that goes is
 * not noticed: each waits for so long at most.
 */
export class WaitingUpgrades {
  readonly #waitMs: number;
  readonly #timers = new Map<Waiting, NodeJS.Timeout>();
  #isRefusing = false;

  /** @param waitMs milliseconds */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** One more, which is refused if there will be no server, or not in time. */
  add(upgrade: Waiting): void {
    if (this.#isRefusing) {
      upgrade.refuse();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(upgrade);
      upgrade.refuse();
    }, this.#waitMs);
    this.#timers.set(upgrade, timer);
  }

  /** The server takes connections: those that wait enter. */
  enter(server: ShardServer): void {
    for (const { take } of this.#leave()) take(server);
  }

  /** There will be no server: those that wait are refused, and who comes later is. */
  refuse(): void {
    this.#isRefusing = true;
    for (const upgrade of this.#leave()) upgrade.refuse();
  }

  #leave(): Waiting[] {
    const upgrades = [...this.#timers.keys()];
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    return upgrades;
  }
}
