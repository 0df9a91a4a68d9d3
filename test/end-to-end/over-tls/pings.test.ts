import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../limits/pings.test.ts');
