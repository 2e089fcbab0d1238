/** Limits beyond which the browser's parser, the sanitiser or the layout is too slow. */
const MAX_CHARS = 2_000_000;
const MAX_ELEMENTS = 20_000;
const MAX_DEPTH = 2_000;
/** Of all style sheets together: 1.9 million characters took more than a second. */
const MAX_STYLE_CHARS = 400_000;

/** Elements without an end tag, or whose end tag may be left out: they do not nest. */
const NEVER_NESTED = new Set(
  (
    "p li dt dd tr td th thead tbody tfoot option optgroup rt rp html head body " +
    "area base br col colgroup embed hr img input link meta param source track wbr"
  ).split(" "),
);

/**
 * Return true if HTML can be rendered without blocking the page.
 *
 * The parser searches all open elements at each tag: 60,000 nested ones (400 kB) take it 30 s. An
 * end tag closes an element of its own name only: one that closes nothing must not lower the depth.
 */
export function isWithinRenderLimits(html: string): boolean {
  if (html.length > MAX_CHARS || styleChars(html) > MAX_STYLE_CHARS) return false;
  const open = new Map<string, number>();
  let elements = 0;
  let depth = 0;
  for (const [, slash, tag = ""] of html.matchAll(/<(\/?)([a-z][^\s/>]*)/gi)) {
    const name = tag.toLowerCase();
    const before = open.get(name) ?? 0;
    if (slash) {
      if (before > 0) {
        open.set(name, before - 1);
        depth -= 1;
      }
      continue;
    }
    elements += 1;
    if (elements > MAX_ELEMENTS) return false;
    if (NEVER_NESTED.has(name)) continue;
    open.set(name, before + 1);
    depth += 1;
    if (depth > MAX_DEPTH) return false;
  }
  return true;
}

function styleChars(html: string): number {
  let length = 0;
  for (const [sheet] of html.matchAll(/<style[\s>][^]*?(?:<\/style|$)/gi)) length += sheet.length;
  return length;
}
