import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  resolveServerOptions,
  type ServerOptions,
} from '../../../src/shared/options/server-options.ts';
import { startKeepalive } from '../../../src/workers/shard/keepalive.ts';
import { clock } from '../connection/clock.ts';

function sweepingServer(
  options: ServerOptions,
  sockets: { sweep(now: number, isLate: boolean): void }[],
) {
  const shard = { handshakeTimeout: 10_000 };
  return { options: resolveServerOptions(options), shard, sockets: () => sockets };
}

test('every connection is swept, at a quarter of the shortest time that counts', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  for (const [options, period] of [
    [{ pongTimeout: 400, pingPeriod: 200 }, 50],
    [{ pongTimeout: 400, pingPeriod: 300 }, 25],
    [{ writeTimeout: 80 }, 20],
    [{ closeTimeout: 60 }, 15],
    [{ pingPeriod: 1 }, 5],
    [{ pongTimeout: 600_000, writeTimeout: 600_000, closeTimeout: 600_000 }, 1000],
  ] as const) {
    let sweeps = 0;
    const sweep = () => {
      sweeps += 1;
    };
    const stop = startKeepalive(sweepingServer(options, [{ sweep }, { sweep }]));
    t.mock.timers.tick(period - 1);
    assert.equal(sweeps, 0);
    t.mock.timers.tick(1);
    assert.equal(sweeps, 2);
    t.mock.timers.tick(period);
    assert.equal(sweeps, 4);
    stop();
    t.mock.timers.tick(10 * period);
    assert.equal(sweeps, 4);
  }
});

test('a sweep is late half of the shortest time behind the last one, and not twice in a row', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const setTime = clock(t);
  const late: boolean[] = [];
  const sockets = [{ sweep: (_now: number, isLate: boolean) => late.push(isLate) }];
  const times = { pongTimeout: 2000, pingPeriod: 1000, closeTimeout: 800 };
  const stop = startKeepalive(sweepingServer(times, sockets));
  for (const now of [200, 600, 1001, 1500, 2000, 2200, 2700]) {
    setTime(now);
    t.mock.timers.tick(200);
  }
  stop();
  assert.deepEqual(late, [false, false, true, false, false, false, true]);
});
