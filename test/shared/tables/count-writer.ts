// Sets counts of many rooms, and takes them back, while another thread reads.
import { parentPort, workerData } from 'node:worker_threads';
import { type CountsMemory, RoomCounts } from '../../../src/shared/tables/room-counts.ts';

const { memory, rooms, rounds } = workerData as {
  readonly memory: CountsMemory;
  readonly rooms: number;
  readonly rounds: number;
};

const counts = new RoomCounts(memory);
counts.set(1, 0, 'steady', 7);
parentPort?.postMessage('steady');
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < rooms; i++) counts.set(1, 0, `room ${i}`, 1);
  for (let i = 0; i < rooms; i++) counts.set(1, 0, `room ${i}`, 0);
}
parentPort?.postMessage('done');
