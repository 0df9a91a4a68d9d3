import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { serveScript } from '../../../src/main/script/script-route.ts';
import { closeServer, listen } from '../../end-to-end/kit/http-server.ts';

test('a script that has not been built is answered with 500, and reported', async () => {
  const missing = new Error('there is no script');
  const reported: unknown[] = [];
  const createScript = () => {
    throw missing;
  };
  const server = createServer(({ method }, response) => {
    serveScript(method, response, createScript, (error) => reported.push(error));
  });
  const port = await listen(server);
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(answer.status, 500);
  await answer.text();
  assert.deepEqual(reported, [missing]);
  await closeServer(server);
});
