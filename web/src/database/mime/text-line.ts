/** Any text to one line that can stand in a list. See `src/edgemail/mime/text_line.py`. */

/** Controls, line ends, lone surrogates, and what turns the direction of all that follows. */
export const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const SPACE = /[^\S\ufeff]+/g;

/** Fold white space, drop controls, and keep at most `limit` characters. */
export function makeLine(text: string, limit: number): string {
  const line = text
    .slice(0, limit * 8)
    .replace(CONTROL, " ")
    .replace(SPACE, " ")
    .replace(/^ | $/g, "");
  if (line.length <= limit) return line;
  const characters = [...line];
  return characters.length <= limit
    ? line
    : `${characters
        .slice(0, limit - 1)
        .join("")
        .trimEnd()}…`;
}
