import type { FoundLink } from "../inbox/source.ts";

const WEB_ADDRESS = /https?:\/\/[^\s<>"'`\u0000-\u001f]+[^\s<>"'`.,;:!?)\]}\u0000-\u001f]/g;
const MAX_CHARS = 200_000;
const MAX_LINES = 10_000;
/** 20,000 links blocked the page for seconds. */
const MAX_LINKS = 1_000;

/** Return the web addresses in a text, as links to exactly themselves. */
export function webLinksIn(text: string): FoundLink[] {
  const found = text.slice(0, MAX_CHARS).match(WEB_ADDRESS) ?? [];
  return [...new Set(found)].slice(0, MAX_LINKS).map((url) => ({ url, text: url, reason: "" }));
}

/** Plain text. Each web address in it becomes a link to exactly itself. */
export function PlainText({ text }: { text: string }) {
  return (
    <div class="plain" dir="auto">
      {withLinks(firstLines(text.slice(0, MAX_CHARS)))}
    </div>
  );
}

/** Return the first `MAX_LINES` lines: to lay out, a short line costs as much as a long one. */
function firstLines(text: string): string {
  let end = -1;
  for (let line = 0; line < MAX_LINES; line += 1) {
    end = text.indexOf("\n", end + 1);
    if (end < 0) return text;
  }
  return text.slice(0, end);
}

/** A short text in a line. Each web address in it becomes a link to exactly itself. */
export function LinkedText({ text }: { text: string }) {
  return <>{withLinks(text)}</>;
}

function withLinks(text: string) {
  const pieces: preact.ComponentChild[] = [];
  let end = 0;
  for (const found of text.matchAll(WEB_ADDRESS)) {
    pieces.push(
      text.slice(end, found.index),
      <a href={found[0]} target="_blank" rel="noopener noreferrer nofollow">
        {found[0]}
      </a>,
    );
    end = found.index + found[0].length;
    if (pieces.length >= 2 * MAX_LINKS) break;
  }
  pieces.push(text.slice(end));
  return pieces;
}
