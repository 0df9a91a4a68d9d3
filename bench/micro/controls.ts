import { PAYLOAD, type Step } from './step.ts';

/** What the loop itself costs, and what Node.js itself has for codecs and frames. */
export const controls: readonly Step[] = [
  { name: 'control: nothing', run: () => undefined },
  { name: 'control: JSON.stringify', run: () => JSON.stringify(['chat', PAYLOAD]) },
  { name: 'control: Buffer.from', run: () => Buffer.from(PAYLOAD) },
];
