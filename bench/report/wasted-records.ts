import { randomUUID } from 'node:crypto';
import { InterestMap, InterestTable, interestKey } from '../../src/shared/tables/interest-table.ts';

const SERVER = 1;
const TEXT = 0;
const SHARDS = [1, 2];

/**
 * How many records shards read for nothing: rooms whose members are all on one shard, the rooms of
 * the connections' own ids beside them, and one message to each room from the primary thread.
 *
 * The engine has no counter of that, since nothing in it wants one. So it is counted where it is
 * decided, in the interest tables, filled as shards fill them.
 * @returns percent of all records
 */
export function wastedRecords(rooms: number, members: number): number {
  const interest = new InterestMap();
  for (const shard of SHARDS) interest.set(shard, InterestTable.allocate());
  const shardOf = (room: number) => SHARDS[room % SHARDS.length] as number;
  for (let room = 0; room < rooms; room++) {
    const table = interest.of(shardOf(room));
    table?.add(interestKey(SERVER, TEXT, `room${room}`));
    for (let i = 0; i < members; i++) table?.add(interestKey(SERVER, TEXT, randomUUID()));
  }
  let records = 0;
  for (let room = 0; room < rooms; room++) {
    records += interest.shardsFor(interestKey(SERVER, TEXT, `room${room}`)).length;
  }
  return (100 * (records - rooms)) / records;
}
