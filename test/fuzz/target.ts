import type { IRawProperty } from 'fast-check';

/** Something that takes hostile input. */
export interface FuzzTarget {
  readonly name: string;
  /** Its part of all inputs, of 1000. */
  readonly share: number;
  /** Generates inputs, and fails for the first that is not dealt with as it should be. */
  property(): IRawProperty<unknown>;
  /** Runs behind all inputs; throws where they have left something behind. */
  finish?(): Promise<void>;
}
