import { speakTls } from './transport.ts';

const SUITES = [
  './admission',
  './backpressure',
  './close',
  './close-http',
  './deadlines',
  './disconnect',
  './early-frames',
  './keepalive',
  './limits',
  './loading',
  './order',
  './rooms',
  './servers',
  './shard-exit',
  './spread',
  '../conformance/dialogue',
];

// What holds for connections over TCP must hold over TLS: the same tests, once more.
speakTls();
for (const suite of SUITES) await import(`${suite}.test.ts`);
