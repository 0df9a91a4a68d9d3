import { speakTls } from './transport.ts';

const SUITES = ['./order', './rooms', './servers', './spread', '../conformance/dialogue'];

// What lies above the transport, over TLS: `npm run test:over-tls`, since it takes its time.
speakTls();
for (const suite of SUITES) await import(`${suite}.test.ts`);
