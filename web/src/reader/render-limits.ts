/** More than these take the browser's parser, the sanitiser or the layout longer than a reader should wait. */
const LONGEST = 2_000_000;
const MOST_ELEMENTS = 20_000;
const DEEPEST = 2_000;
/** Of style sheets, in characters: 1.9 million took more than a second. */
const MOST_STYLE = 400_000;

/** Their end tags may be left out, or they have none: however many there are, they do not nest. */
const FLAT = new Set(
  (
    "p li dt dd tr td th thead tbody tfoot option optgroup rt rp html head body " +
    "area base br col colgroup embed hr img input link meta param source track wbr"
  ).split(" "),
);

/**
 * Whether HTML can be shown without holding up the page.
 *
 * The parser looks through all open elements at each tag: 60,000 nested ones, 400 kB, take it half a minute.
 * An end tag counts for its own name alone, as one that closes nothing is no help.
 */
export function isLight(html: string): boolean {
  if (html.length > LONGEST || lengthOfStyles(html) > MOST_STYLE) return false;
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
    if (elements > MOST_ELEMENTS) return false;
    if (FLAT.has(name)) continue;
    open.set(name, before + 1);
    depth += 1;
    if (depth > DEEPEST) return false;
  }
  return true;
}

function lengthOfStyles(html: string): number {
  let length = 0;
  for (const [sheet] of html.matchAll(/<style[\s>][^]*?(?:<\/style|$)/gi)) length += sheet.length;
  return length;
}
