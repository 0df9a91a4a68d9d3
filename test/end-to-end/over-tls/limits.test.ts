import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../limits/limits.test.ts');
