import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../opening/admission.test.ts');
