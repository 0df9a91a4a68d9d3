import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, told } from '../connect.ts';
import { WireServer } from '../wire-server.ts';

const P = 'iris-websocket-message:';

test('tells the console of the first malformed event, and at the end how many there were', async (t) => {
  await using server = await WireServer.start();
  let { ws, peer } = await connect(server, { reconnect: { minDelayMs: 1, maxDelayMs: 20 } });
  const warned = t.mock.method(console, 'warn', () => {});
  for (const close of [() => peer.terminate(), () => peer.close(1000)]) {
    const [last, end] = [told((fn) => ws.on('last', fn)), told((fn) => ws.onDisconnect(fn))];
    for (let i = 0; i < 1000; i++) peer.send(`${P}broken`);
    peer.send(`${P}last;0;`);
    await last;
    close();
    await end;
    const said = warned.mock.calls.map(({ arguments: [what] }) => what.code ?? what);
    warned.mock.resetCalls();
    assert.deepEqual(said, ['ERR_MALFORMED_EVENT', '1000 such errors']);
    if (ws.state === 'reconnecting') peer = await server.accept();
  }
});
