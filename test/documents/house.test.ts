import assert from 'node:assert/strict';
import { glob, readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const REPOSITORY = new URL('../../', import.meta.url);
const FLOORS = ['main', 'workers', 'shared'];
const MOST_FILES = 17;

const architecture = await readFile(new URL('ARCHITECTURE.md', REPOSITORY), 'utf8');
const contributing = await readFile(new URL('CONTRIBUTING.md', REPOSITORY), 'utf8');

function entriesOf(folder: string) {
  return readdir(new URL(`src/${folder}`, REPOSITORY), { withFileTypes: true });
}

async function foldersOf(floor: string): Promise<string[]> {
  const entries = await entriesOf(floor);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

for (const floor of FLOORS) {
  test(`the picture of the house has each folder of src/${floor}`, async () => {
    const [, picture = ''] = /```\n(.*?)```/s.exec(architecture) ?? [];
    const words = new Set(picture.split(/[^\w-]+/));
    assert.deepEqual(
      (await foldersOf(floor)).filter((folder) => !words.has(folder)),
      [],
    );
  });
}

for (const floor of [...FLOORS, 'client']) {
  test(`CONTRIBUTING has a table of the folders of src/${floor}`, async () => {
    const [, rows = ''] =
      new RegExp(`^\\| folder of \`src/${floor}\` .*\\n.*\\n((?:\\|.*\\n)*)`, 'm').exec(
        contributing,
      ) ?? [];
    const named = Array.from(rows.matchAll(/^\| `([\w-]+)`/gm), ([, folder]) => folder);
    assert.deepEqual(named.sort(), (await foldersOf(floor)).sort());
  });
}

test(`no folder of src has more than ${MOST_FILES} files`, async () => {
  const floors = (await entriesOf('')).map(({ name }) => name);
  const rooms = [...FLOORS, 'client'].map(async (floor) =>
    (await foldersOf(floor)).map((folder) => `${floor}/${folder}`),
  );
  for (const folder of [...floors, ...(await Promise.all(rooms)).flat()]) {
    const files = (await entriesOf(folder)).filter((entry) => entry.isFile());
    assert.ok(files.length <= MOST_FILES, `src/${folder} has ${files.length} files`);
  }
});

/** Files that give something away with a message. A shard host gives ports, as its types say. */
const TRANSFERRING = ['main/place/handoff.ts', 'main/shards/shard-host.ts'];

test('only src/main/place moves sockets to other threads', async () => {
  const found: string[] = [];
  for await (const path of glob('**/*.ts', { cwd: new URL('src/', REPOSITORY) })) {
    const code = await readFile(new URL(`src/${path}`, REPOSITORY), 'utf8');
    // With a list of what it gives away, a call has a second argument.
    const isGiving = /\.postMessage\((?:[^(){},]|\([^()]*\)|\{[^{}]*\})*,\s*[\w[{]/.test(code);
    if (isGiving) found.push(path);
  }
  assert.deepEqual(found.sort(), TRANSFERRING);
});
