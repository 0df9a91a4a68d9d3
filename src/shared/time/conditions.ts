interface Waiting {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

/** Waits for conditions that change now and then; the one who changes them has them rechecked. */
export class Conditions {
  #waiting: Waiting[] = [];

  /** Resolves when the condition holds, now or at a later {@link Conditions.recheck}. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ holds, resolve });
    await promise;
  }

  /** Looks at all conditions again. */
  recheck(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ holds }) => !holds());
    for (const each of waiting) if (!this.#waiting.includes(each)) each.resolve();
  }
}
