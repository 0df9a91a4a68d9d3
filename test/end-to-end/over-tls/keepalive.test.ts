import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../closing/keepalive.test.ts');
