import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../opening/early-end.test.ts');
