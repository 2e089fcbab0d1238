/** Finds the web links of a message, and those that confirm something. See `src/edgemail/mime/links.py`. */
import type { FoundLink } from "../inbox/source.ts";
import { not, path, says } from "../../../src/edgemail/mime/words.json";
import { scan, strip, visible } from "./markup.ts";
import { lower, pattern } from "./wordlists.ts";

const linksMax = 200;
const urlMax = 8_192;
const linkTextMax = 200;
const pathMax = 1_000;
const scannedMax = 1024 * 1024;

const web = /^https?:\/\/[^/?#]/iu;
const bareLink =
  /https?:\/\/[^\x00-\x20\x7f-\xa0<>"`{}|\\^\u2000-\u206f\u3000-\u303f\uff00-\uffef\ufff0-\uffff]+/giu;
const junk = /[\x00-\x20\x7f-\x9f\ud800-\udfff]/gu;
const said = new RegExp(pattern(says), "u");
const never = new RegExp(pattern(not), "u");
const inPath = new RegExp(`(?<![a-z])(${path.join("|")})(?![a-z])`, "u");
const signIn = /(?<![a-z])((?:sign|log)-?in)(?![a-z])[^?=]*[?=]/u;

/** Lists each http and https link once: of the HTML first, then the bare ones of the text. */
export function findLinks(html: string | null, text: string | null): FoundLink[] {
  const links = new Map<string, FoundLink>();
  for (const { href, inside } of html ? scan(html.slice(0, scannedMax)).anchors : [])
    add(links, href.replace(junk, ""), fold(inside.slice(0, linkTextMax * 8)).slice(0, linkTextMax));
  for (const { 0: url } of text ? text.slice(0, scannedMax).matchAll(bareLink) : [])
    add(links, trim(url), "");
  return [...links.values()];
}

function fold(text: string): string {
  return strip(visible(text).replace(/[ \n]+/gu, " "), " ");
}

function add(links: Map<string, FoundLink>, url: string, text: string): void {
  if (url.length > urlMax || !web.test(url)) return;
  const known = links.get(url);
  if (known ? known.reason !== "" : links.size >= linksMax) return;
  const link = { url, text, reason: reasonOf(url, text) };
  if (!known || link.reason) links.set(url, link);
}

function trim(whole: string): string {
  const url = whole.slice(0, urlMax + 1);
  let end = url.length;
  let round = url.split(")").length - url.split("(").length;
  let square = url.split("]").length - url.split("[").length;
  for (; end > 0; end--) {
    const last = url.charAt(end - 1);
    if (last === ")" && round > 0) round--;
    else if (last === "]" && square > 0) square--;
    else if (!".,;:!?'*_~".includes(last)) break;
  }
  return url.slice(0, end);
}

function reasonOf(url: string, text: string): string {
  const slash = url.indexOf("/", 8);
  const rest = slash > 0 ? url.slice(slash, slash + pathMax) : "";
  const address = lower(rest.replace(/([a-z])([A-Z])/gu, "$1-$2"));
  if (never.test(lower(text)) || never.test(address)) return "";
  const word = said.exec(lower(text));
  if (word) return `its text says “${text.slice(word.index, word.index + word[0].length)}”`;
  const found = inPath.exec(address) ?? signIn.exec(address);
  return found ? `its address has “${found[1]}”` : "";
}
