import { clearTimeout, setTimeout } from '../../shared/time/timers.ts';
import type { ShardServer } from '../deliver/shard-server.ts';

/** An upgrade that waits for its server. */
interface Waiting {
  readonly take: (server: ShardServer) => void;
  readonly refuse: () => void;
}

/**
 * Upgrades that wait for one server, each for a limited time: nothing reads from their sockets, and
 * so nothing notices that a client goes.
 */
export class WaitingUpgrades {
  readonly #waitMs: number;
  readonly #timers = new Map<Waiting, NodeJS.Timeout>();
  #isRefusing = false;

  /** @param waitMs milliseconds */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Adds an upgrade, which is refused if there will be no server, or not in time. */
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

  /** Lets all upgrades enter: the server takes connections. */
  enter(server: ShardServer): void {
    for (const { take } of this.#leave()) take(server);
  }

  /** Refuses all upgrades, and those that come later: there will be no server. */
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
