import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../closing/disconnect.test.ts');
