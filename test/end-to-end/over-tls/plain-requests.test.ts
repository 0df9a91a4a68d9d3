import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../limits/plain-requests.test.ts');
