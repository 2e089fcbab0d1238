/** Any text to one line that can stand in a list. See `src/edgemail/mime/text_line.py`. */

/** Controls, line ends, lone surrogates, and what turns the direction of all that follows. */
export const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const BLANK = /[^\S\ufeff]|[\x1c-\x1f\x85]/;
const SPACE = /[^\S\ufeff]+/g;

/** Remove white space at both ends. Unlike the language's `trim`, it takes no byte order mark for a blank. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANK.test(text.charAt(start))) start += 1;
  while (end > start && BLANK.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Fold white space, drop controls, and keep at most `limit` characters. */
export function makeLine(text: string, limit: number): string {
  const line = text
    .slice(0, limit * 8)
    .replace(CONTROL, " ")
    .replace(SPACE, " ")
    .replace(/^ | $/g, "");
  if (line.length <= limit) return line;
  const characters = [...line];
  return characters.length <= limit ? line : `${trim(characters.slice(0, limit - 1).join(""))}…`;
}
