/** Lines of a source, as many as the page can show. */

export const MAX_SOURCE_CHARS = 500_000;
const MAX_LINES = 20_000;

export interface CutSource {
  /** The part that the page can show, its lines ended by line feeds. */
  text: string;
  lines: number;
  isAll: boolean;
}

/** Return the part of a source that the page can show, and its number of lines. */
export function cutSource(source: string): CutSource {
  const text = source.slice(0, MAX_SOURCE_CHARS).replace(/\r\n?/g, "\n");
  let lines = 0;
  let end = -1;
  do {
    end = text.indexOf("\n", end + 1);
    lines += 1;
  } while (end >= 0 && lines < MAX_LINES);
  if (end >= 0) return { text: text.slice(0, end), lines, isAll: false };
  const isAll = source.length <= MAX_SOURCE_CHARS;
  return { text, lines: text.endsWith("\n") ? lines - 1 : lines, isAll };
}

/** Return where a line begins and ends, from 1; null if there is no such line. */
export function lineRange(text: string, line: number): { start: number; end: number } | null {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf("\n", start);
    if (end < 0) return null;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  return { start, end: end < 0 ? text.length : end };
}

export function lineNumbers(lines: number): string {
  return Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}
