/** HTML to what a reader sees of it, as text; and text without what nobody sees. See `src/edgemail/mime/markup.py`. */
import { accents as marks, entities as named } from "../../../src/edgemail/mime/words.json";
import { whole } from "./wordlists.ts";

/** A repeated group takes stack for each repeat; `tagsOf` goes on after so many. */
const values = String.raw`(?:=[ \t\r\n]*(?:"[^"]*"|'[^']*'|)[^>=]*){0,100}>?`;
const moreValues = new RegExp(values, "uy");
const tags = new RegExp(
  String.raw`<!--[^]*?(?:-->|$)|<(script|style|title|template|noscript)(?![a-z0-9-])[^>]*>[^]*?(?:<\/\1[ \t\r\n]*>|$)|<[!?][^>]*>?|<(\/?)([a-z][a-z0-9]*)([^>=]*${values})`,
  "giu",
);
const hrefs = /(?<![a-z0-9_-])href[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'|([^ \t\r\n"'>]+))/iu;
const block =
  /^(?:address|article|aside|blockquote|body|br|center|d[dlt]|div|fig(?:ure|caption)|foot(?:er)?|form|h[1-6r]|head(?:er)?|html|li|main|nav|[ou]l|p|pre|section|table|tbody|tr)$/u;
const cell = /^t[dh]$/u;
const entity = /&(?:#([0-9]{1,7})|#x([0-9a-f]{1,6})|([a-z0-9]{2,8}));/giu;
const entities = new Map(Object.entries(named));
const accents = new Map(Object.entries(marks));
const accented = whole(`([A-Za-z])(${[...accents.keys()].join("|")})`);

const invisible =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ud800-\udfff]/gu;
const joiners = /[\u200c\u200d]{2,}|(?<=[ \u00a0\n])[\u200c\u200d]|[\u200c\u200d](?=[ \u00a0\n])/gu;
const spaces = /[\t\x0b\x0c\x1c-\x1f\u0085\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;

/** Gives the text of HTML, a line for each block. */
export function htmlToText(html: string): string {
  return scan(html).text;
}

/** Gives the text and the links. */
export function scan(html: string): { text: string; anchors: { href: string; inside: string }[] } {
  const seen: string[] = [];
  const anchors: { href: string; inside: string }[] = [];
  let href: string | null = null;
  let opened = 0;
  let place = 0;
  const close = () => {
    if (href !== null) anchors.push({ href, inside: unescape(seen.slice(opened).join("")) });
    href = null;
  };
  for (const [tag, end] of tagsOf(html)) {
    seen.push(html.slice(place, tag.index));
    place = end;
    const name = (tag[3] ?? "").toLowerCase();
    if (block.test(name)) seen.push("\n");
    else if (cell.test(name)) seen.push(" ");
    else if (name === "a") {
      close();
      const attributes = html.slice(tag.index + 2, end);
      const found = tag[2] ? null : hrefs.exec(attributes);
      if (found) href = unescape(found[1] ?? found[2] ?? found[3] ?? "");
      opened = seen.length;
    }
  }
  seen.push(html.slice(place));
  close();
  return { text: unescape(seen.join("")), anchors };
}

/** Yields each tag and where it ends, which is behind the match if the tag has hundreds of values. */
function* tagsOf(html: string): Generator<[RegExpExecArray, number]> {
  let end = 0;
  for (;;) {
    tags.lastIndex = end;
    const tag = tags.exec(html);
    if (!tag) return;
    end = tags.lastIndex;
    while (html[end - 1] !== ">" && html[end] === "=") {
      moreValues.lastIndex = end;
      moreValues.exec(html);
      end = moreValues.lastIndex;
    }
    yield [tag, end];
  }
}

function unescape(text: string): string {
  return text.replace(entity, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) {
      const [, base, accent] = accented.exec(name) ?? [];
      return accent ? (base + (accents.get(accent) ?? "")).normalize("NFC") : (entities.get(name) ?? whole);
    }
    const code = decimal ? Number(decimal) : parseInt(hex ?? "", 16);
    const valid = (code > 0 && code < 0xd800) || (code > 0xdfff && code < 0x110000);
    return valid ? String.fromCodePoint(code) : "\ufffd";
  });
}

/** Makes every space U+0020, every line end a line feed, every digit ASCII. */
export function visible(text: string): string {
  return text
    .replace(/[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/gu, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(invisible, "")
    .replace(joiners, "")
    .replace(/\r\n?|[\u2028\u2029]/gu, "\n")
    .replace(spaces, " ");
}

/** Cuts characters off both ends. */
export function strip(text: string, characters: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && characters.includes(text.charAt(start))) start++;
  while (end > start && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
