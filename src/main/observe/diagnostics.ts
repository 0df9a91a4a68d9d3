import { channel } from 'node:diagnostics_channel';
import { DIAGNOSTIC_CHANNELS } from '../../shared/api/diagnostic-events.ts';
import type { ShardExit } from '../engine-events.ts';

const exited = channel(DIAGNOSTIC_CHANNELS.shardExit);

/** A shard has died. */
export function publishShardExit(exit: ShardExit): void {
  if (exited.hasSubscribers) exited.publish(exit);
}
