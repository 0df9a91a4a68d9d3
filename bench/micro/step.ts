/** One step of the data plane, or a control row. */
export interface Step {
  readonly name: string;
  /** How many of what is measured one call does; 1 where it is left out. */
  readonly each?: number;
  readonly run: () => unknown;
}

/** What a message of the benches carries. */
export const PAYLOAD = 'x'.repeat(64);
