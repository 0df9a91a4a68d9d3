import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../closing/deadlines.test.ts');
