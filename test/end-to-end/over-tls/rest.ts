import { speakTls } from '../kit/transport.ts';

const SUITES = [
  '../faults/servers',
  '../messages/order',
  '../messages/rooms',
  '../messages/spread',
  '../../conformance/dialogue',
];

// Suites above the transport, over TLS: `npm run test:over-tls`, since they take long. The suites
// about sockets are the test files beside this one, and part of `npm test`.
speakTls();
for (const suite of SUITES) await import(`${suite}.test.ts`);
