import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../opening/loading.test.ts');
