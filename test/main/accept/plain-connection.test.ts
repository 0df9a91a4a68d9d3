import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Cuts } from '../../../src/main/accept/cuts.ts';
import { PlainConnection } from '../../../src/main/accept/plain-connection.ts';
import { PlainTurns } from '../../../src/main/accept/plain-turns.ts';
import { closeServer, listen } from '../../end-to-end/kit/http-server.ts';

test('behind the cut nothing is parsed of what had come', { timeout: 20_000 }, async () => {
  let connection: PlainConnection | undefined;
  let requests = 0;
  const context = {
    turns: new PlainTurns(),
    cuts: new Cuts(),
    onAnswered: () => {},
    onTooMany: () => {},
  };
  const server = createServer((request, response) => {
    requests += 1;
    connection ??= new PlainConnection(request.socket, context);
    connection.take(request, response, () => {});
  });
  const client = connect(await listen(server), '127.0.0.1').on('error', () => {});
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2_000));
  await once(client.resume(), 'close');
  assert.equal(requests, 129);
  await closeServer(server);
});
