import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { open } from '../connect.ts';
import { FakeWebSocket } from '../fake-web-socket.ts';

const P = 'iris-websocket-message:';

test('a server that asks and does not read gets no answers beyond a bound', async () => {
  const ws = open({ host: 'host' }, null, { WebSocket: FakeWebSocket, codec: 'text', acks: false });
  ws.on('sum', () => 3);
  const { last: socket } = FakeWebSocket;
  socket.open();
  for (const [ask, waiting] of [
    [1, 0],
    [2, 10_000_001],
    [3, 10_000_000],
  ] as const) {
    socket.bufferedAmount = waiting;
    socket.receive(`iris-websocket-message:sum;0?${ask};`);
    await nextTurn();
  }
  const answers = socket.sent.filter((message) => String(message).includes('!'));
  assert.deepEqual(answers, [`${P};1!1;3`, `${P};1!3;3`]);
  ws.close();
  socket.end(1000);
});
