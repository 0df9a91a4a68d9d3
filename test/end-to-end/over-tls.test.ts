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
  './shard-exit',
];

// What holds for connections over TCP must hold over TLS: the same tests, once more. Those of what
// lies above the transport are in over-tls-rest.ts.
speakTls();
for (const suite of SUITES) await import(`${suite}.test.ts`);
