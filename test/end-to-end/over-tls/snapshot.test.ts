import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../limits/snapshot.test.ts');
