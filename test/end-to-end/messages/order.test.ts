import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Step } from '../fixtures/program.ts';
import { TestClient } from '../kit/test-client.ts';
import { addServer, SETUPS, withEngine } from '../kit/test-engine.ts';
import { VerbClient } from '../kit/verb-client.ts';

const PROGRAM = new URL('../fixtures/program.ts', import.meta.url);
const VERBS = new URL('../fixtures/verbs.ts', import.meta.url);
const PREFIX = 'iris-websocket-message:';
const END = `${PREFIX}end;0;`;
const MEMBERS = 6;
const ROOMS = ['red', 'green', 'blue'];

interface Member {
  readonly client: TestClient;
  readonly id: string;
  readonly shard: number;
}

/** A step with numbers for the actor and for the target: which ids there are shows at run time. */
const abstractStep = fc.record({
  op: fc.constantFrom<Step['op']>(
    ...(['join', 'join', 'join', 'leave', 'say', 'sayNative'] as const),
    ...(['to', 'to', 'to', 'toNative', 'toOthers', 'serverTo'] as const),
  ),
  actor: fc.nat(MEMBERS - 1),
  target: fc.nat(ROOMS.length + MEMBERS + 1),
});

type AbstractStep = typeof abstractStep extends fc.Arbitrary<infer Value> ? Value : never;

for (const { place, shards } of SETUPS) {
  test(`what one thread sends arrives in its order: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      const options = { endpoint: '/p', maxMessageSize: 2 ** 20 };
      await addServer(engine, place, PROGRAM, options);
      const members: Member[] = [];
      while (members.length < MEMBERS) members.push(await openMember(port));
      // In a module a thread has the connections of its own shard; on the primary all of them.
      const isActor = ({ shard }: Member) => place === 'closures' || shard === members[0]?.shard;
      const actors = members.filter(isActor);
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(abstractStep, { maxLength: 150, size: 'max' }),
          async (program) => {
            run += 1;
            const prelude = members.filter((member) => !isActor(member));
            await runProgram(members, actors, prelude, program, `run ${run}, `);
          },
        ),
        { numRuns: 40 },
      );
      for (const { client } of members) await client[Symbol.asyncDispose]();
    });
  });

  test(`who joins a room and sends to it is reached: ${place}, ${shards} shards`, async () => {
    await withEngine({ shards }, async ({ engine, port }) => {
      await addServer(engine, place, VERBS, { endpoint: '/v' });
      for (let i = 0; i < 20; i++) {
        await using client = await VerbClient.open({ port }, '/v');
        await client.do('joinAndTell', `room ${i}`, 'me too');
        assert.deepEqual(await client.next(), ['said', 'me too']);
      }
    });
  });
}

async function openMember(port: number): Promise<Member> {
  const client = await TestClient.open({ port }, '/p');
  const hello = String(await client.next()).slice(`${PREFIX}hello;4;`.length);
  return { client, ...(JSON.parse(hello) as { id: string; shard: number }) };
}

/**
 * Has the first member run a program, after the others, in whose shards it cannot run, have each
 * joined a room of their own accord; compares what everyone gets with what a model says.
 */
async function runProgram(
  members: readonly Member[],
  actors: readonly Member[],
  others: readonly Member[],
  program: readonly AbstractStep[],
  run: string,
): Promise<void> {
  const model = new Model(members);
  for (const [i, other] of others.entries()) {
    const step = { op: 'join', actor: other.id, target: run + ROOMS[i], text: '' } as const;
    model.perform(step);
    await runSteps(members, other, [step]);
  }
  const targets = [
    ...ROOMS.map((room) => run + room),
    ...members.map(({ id }) => id),
    '',
    'nobody',
  ];
  const steps = program.map(({ op, actor, target }, i): Step => {
    const { id } = actors[actor % actors.length] as Member;
    // A room of its own id can be neither joined nor left, and no room is named ''.
    const isRoomStep = op === 'join' || op === 'leave';
    const name = targets[isRoomStep ? target % ROOMS.length : target] as string;
    return { op, actor: id, target: name, text: `${i}` };
  });
  for (const step of steps) model.perform(step);
  const received = await runSteps(members, members[0] as Member, steps);
  assert.deepEqual(received, model.received());
}

/** Returns what each member got, up to the end. */
async function runSteps(members: readonly Member[], runner: Member, steps: readonly Step[]) {
  runner.client.send(`${PREFIX}run;4;${JSON.stringify(steps)}`);
  const received: unknown[][] = [];
  for (const { client } of members) {
    const messages: unknown[] = [];
    for (let next = await client.next(); next !== END; next = await client.next()) {
      messages.push(next);
    }
    received.push(messages);
  }
  return received;
}

/** What must come of a program: plain sets and lists. */
class Model {
  readonly #received = new Map<string, string[]>();
  readonly #rooms = new Map<string, Set<string>>();

  constructor(members: readonly Member[]) {
    for (const { id } of members) this.#received.set(id, []);
  }

  received(): string[][] {
    return [...this.#received.values()];
  }

  perform({ op, actor, target, text }: Step): void {
    const event = `${PREFIX}said;0;${text}`;
    const everyone = [...this.#received.keys()];
    if (op === 'join') this.#membersOf(target).add(actor);
    else if (op === 'leave') this.#membersOf(target).delete(actor);
    else if (op === 'say') this.#deliver([actor], event);
    else if (op === 'sayNative') this.#deliver([actor], text);
    else if (op === 'toOthers')
      this.#deliver(
        everyone.filter((id) => id !== actor),
        event,
      );
    else {
      const receivers = target === '' ? everyone : this.#membersOf(target);
      this.#deliver(receivers, op === 'toNative' ? text : event);
    }
  }

  #membersOf(name: string): Set<string> {
    const own = this.#received.has(name) ? [name] : [];
    const members = this.#rooms.get(name) ?? new Set(own);
    this.#rooms.set(name, members);
    return members;
  }

  #deliver(receivers: Iterable<string>, message: string): void {
    for (const id of receivers) this.#received.get(id)?.push(message);
  }
}
