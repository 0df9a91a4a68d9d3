/** Words that a sentence may have. */
export const MOST_WORDS = 25;

/** The sentences of a piece of text; code in it counts as one word. */
export function sentencesOf(text: string): string[] {
  return text
    .replace(/`[^`]*`/g, 'code')
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?]\)?) (?=[A-Z(\d]|code)/);
}

/** The sentences with more words than {@link MOST_WORDS}. */
export function tooLong(sentences: readonly string[]): string[] {
  return sentences.filter((sentence) => wordsOf(sentence) > MOST_WORDS);
}

/** The sentences, questions aside, whose subjects are no nouns. */
export function riddles(sentences: readonly string[]): string[] {
  return sentences.filter((sentence) =>
    /^(?:What|Who|Which|Whoever|Whatever)\b.*[^?]$/.test(sentence),
  );
}

function wordsOf(sentence: string): number {
  return sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
