import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../closing/close.test.ts');
