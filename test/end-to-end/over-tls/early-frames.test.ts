import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../opening/early-frames.test.ts');
