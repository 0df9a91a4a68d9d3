import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MOST_WORDS, riddles, sentencesOf, tooLong } from './sentences.ts';

const SRC = new URL('../../src/', import.meta.url);

/** The text of doc comments, without drawings: a paragraph, an item or a tag each. */
function piecesOf(code: string): string[] {
  return Array.from(code.matchAll(/\/\*\*(.*?)\*\//gs), ([, comment = '']) =>
    comment
      .replace(/^ *\* ?/gm, '')
      .replace(/^ {4}.*$/gm, '')
      .split(/\n\n|\n(?=- )|^@\w+|(?<=\. )@\w+/m),
  ).flat();
}

test(`doc comments have sentences of at most ${MOST_WORDS} words, whose subjects are nouns`, async () => {
  const found: Record<string, string[]> = {};
  let comments = 0;
  for await (const path of glob('**/*.ts', { cwd: SRC })) {
    const pieces = piecesOf(await readFile(new URL(path, SRC), 'utf8'));
    comments += pieces.length;
    const sentences = pieces.flatMap((piece) =>
      sentencesOf(piece.replace(/\{@link ([^}]*)\}/g, '$1')),
    );
    const faults = [...tooLong(sentences), ...riddles(sentences)];
    if (faults.length > 0) found[path] = faults;
  }
  assert.deepEqual(found, {});
  assert.ok(comments > 0);
});
