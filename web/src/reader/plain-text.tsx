const WEB_ADDRESS = /https?:\/\/[^\s<>"'`\u0000-\u001f]+[^\s<>"'`.,;:!?)\]}\u0000-\u001f]/g;
const SHOWN = 200_000;
const SHOWN_LINES = 10_000;
/** 20,000 of them held up the page for seconds. */
const MOST_LINKS = 1_000;

/** Plain text, built from text nodes; web addresses in it are links to exactly what they say. */
export function PlainText({ text }: { text: string }) {
  return (
    <div class="plain" dir="auto">
      {withLinks(beginningOf(text.slice(0, SHOWN)))}
    </div>
  );
}

/** Short lines cost the layout as much as long ones. */
function beginningOf(text: string): string {
  let end = -1;
  for (let line = 0; line < SHOWN_LINES; line += 1) {
    end = text.indexOf("\n", end + 1);
    if (end < 0) return text;
  }
  return text.slice(0, end);
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
    if (pieces.length >= 2 * MOST_LINKS) break;
  }
  pieces.push(text.slice(end));
  return pieces;
}
