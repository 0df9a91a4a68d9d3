import { speakTls } from '../kit/transport.ts';

speakTls();
await import('../faults/shard-exit.test.ts');
