import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../limits/backpressure.test.ts');
