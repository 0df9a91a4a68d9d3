/** Records between two looks at the clock: a look costs about as much as a small record. */
const RECORDS_PER_LOOK = 8;
/** Milliseconds that a ring gets at least, however many there are. */
const LEAST_MS = 1;

/** The part of a turn that each ring gets: so many records, and so many milliseconds. */
export class DrainShare {
  readonly #mostRecords: number;
  readonly #mostMs: number;
  readonly #now: () => number;
  #records = 0;
  #endsAt = 0;

  /**
   * @param mostRecords of one ring in a turn; 1 and up
   * @param mostMs of all rings in a turn
   */
  constructor(mostRecords: number, mostMs: number, now = () => performance.now()) {
    this.#mostRecords = mostRecords;
    this.#mostMs = mostMs;
    this.#now = now;
  }

  /** Begins the share of one ring. @param rings that share the time, 1 and up */
  begin(rings: number): void {
    this.#records = 0;
    this.#endsAt = this.#now() + Math.max(LEAST_MS, this.#mostMs / rings);
  }

  /** Counts a record that has been read. @returns whether another one may be read in this turn */
  take(): boolean {
    this.#records += 1;
    if (this.#records >= this.#mostRecords) return false;
    return this.#records % RECORDS_PER_LOOK > 0 || this.#now() < this.#endsAt;
  }
}
