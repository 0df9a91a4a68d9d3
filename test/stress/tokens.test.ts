import { describe, test } from 'node:test';
import { PLACES } from '../end-to-end/kit/test-engine.ts';
import { assertKept, runTokens } from './tokens.ts';

// `npm run stress:tokens` takes its time: 2-second tokens, 200 clients, a minute.
describe('new tokens', { concurrency: true }, () => {
  for (const place of PLACES) {
    test(`clients keep their places with new tokens, over a restart: ${place}`, async () => {
      const run = { place, clients: 40, restarts: 1, durationMs: 6_000, lifeMs: 2_000 };
      assertKept(await runTokens(run), run);
    });
  }
});
