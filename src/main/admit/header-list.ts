/**
 * Returns the elements of a header that is a list, without blanks around them. Empty ones do not
 * count (RFC 9110 section 5.6.1.2).
 */
export function elementsOf(header: string): string[] {
  return header
    .split(',')
    .map(withoutBlanks)
    .filter((element) => element !== '');
}

/** Returns a header without the blanks around each '=' (RFC 9110 section 5.6.3). */
export function withoutBadBlanks(header: string): string {
  return header.split('=').map(withoutBlanks).join('=');
}

/** A text without spaces and tabs around it. A regular expression would take quadratic time. */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: number): boolean {
  return character === 32 || character === 9;
}
