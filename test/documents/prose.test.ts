import assert from 'node:assert/strict';
import { access, readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { MOST_WORDS, riddles, sentencesOf, tooLong } from './sentences.ts';

const REPOSITORY = new URL('../../', import.meta.url);
const MOST_COLUMNS = 100;

/** The documents that people read. */
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'PROTOCOL.md',
  'SECURITY.md',
  'bench/README.md',
  'test/soak/README.md',
  ...(await readdir(new URL('docs/', REPOSITORY)))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Text that is no code, without the marks of Markdown: a paragraph, an item or a cell each. */
function piecesOf(page: string): string[] {
  const prose = page.replace(/^ *```.*?^ *```$/gms, '').replace(/^#.*$|^!\[.*$/gm, '');
  return prose
    .split(/\n\n|\n(?= *(?:- |\d+\. |\|))|(?<=^\|.*) \| /gm)
    .map((piece) => piece.replace(/`[^`]*`/g, 'code').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
    .map((piece) =>
      piece
        .replace(/[*|]|^ *(?:- |\d+\. )/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    );
}

/** Folders of src that pages name without it. */
const IN_SRC = /^(?:main|workers|shared|client|emitter|load)\//;
/** Beginnings of paths in the repository, or in src. */
const PATH = /^(?:src|test|bench|docs|examples|scripts|main|workers|shared|client|emitter|load)\//;

/** The files and folders that a page names: by their paths, or in a table by folder and file. */
function pathsIn(page: string): string[] {
  return page.split('\n').flatMap((line) => {
    const names = Array.from(line.matchAll(/`([\w./-]+)`/g), ([, name = '']) => name);
    const paths = names.filter((name) => PATH.test(name));
    const folder = line.startsWith('|') ? paths.find((path) => !path.includes('.')) : undefined;
    const files = names.filter((name) => /^[\w-]+\.ts$/.test(name));
    if (folder !== undefined) paths.push(...files.map((file) => `${folder}/${file}`));
    return paths.map((path) => (IN_SRC.test(path) ? `src/${path}` : path));
  });
}

/** A heading's address, as GitHub makes it. */
function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
}

for (const name of DOCUMENTS) {
  describe(name, async () => {
    const address = new URL(name, REPOSITORY);
    const page = await readFile(address, 'utf8');

    test(`has at most ${MOST_COLUMNS} columns outside of tables and code`, () => {
      const prose = page.replace(/^ *```.*?^ *```$/gms, '').replace(/^(?: *\||!\[|#).*$/gm, '');
      const wide = prose.split('\n').filter((line) => [...line].length > MOST_COLUMNS);
      assert.deepEqual(wide, []);
    });

    test(`has sentences of at most ${MOST_WORDS} words, whose subjects are nouns`, () => {
      const sentences = piecesOf(page).flatMap(sentencesOf);
      assert.deepEqual(tooLong(sentences), []);
      assert.deepEqual(riddles(sentences), []);
    });

    test('links to pages and headings that there are', async () => {
      for (const [, link = ''] of page.matchAll(/\]\((?!https:)([^)\s]+)\)/g)) {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? address : new URL(path, address);
        await assert.doesNotReject(access(target), link);
        if (anchor === undefined) continue;
        const headings = (await readFile(target, 'utf8')).matchAll(/^#+ (.*)$/gm);
        const anchors = Array.from(headings, ([, heading = '']) => anchorOf(heading));
        assert.ok(anchors.includes(anchor), `${link}: there are ${anchors.join(', ')}`);
      }
    });

    test('names files of the repository that there are', async () => {
      for (const path of pathsIn(page)) {
        await assert.doesNotReject(access(new URL(path, REPOSITORY)), path);
      }
    });
  });
}
