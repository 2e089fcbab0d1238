/**
 * Finds one-time codes and links in a message, and says why each was picked.
 *
 * What `src/edgemail/mime` does, step by step: its docstrings tell why. `tests/vectors/codes.json` binds both.
 */
import {
  accents as marks,
  bad,
  entities as named,
  good,
  not,
  path,
  promo,
  says as sayings,
  units,
  weak,
} from "../../src/edgemail/mime/words.json";

export interface FoundCode {
  code: string;
  reason: string;
}

export interface FoundLink {
  url: string;
  text: string;
  reason: string;
}

interface Mark {
  start: number;
  end: number;
  kind: "bad" | "good" | "weak";
  word: string;
}

interface Candidate {
  row: number;
  start: number;
  end: number;
  code: string;
  alone: boolean;
  doubt: "" | "letters" | "date";
}

interface Verdict {
  score: number;
  reason: string;
}

type List = { words: string[]; signs: string[] };

const letter = "[a-z\\u00df-\\u024f\\u0370-\\u052f\\u1e00-\\u1eff]";

function pattern(...lists: List[]): string {
  const opening = lists.length > 1 ? "(" : "(?:";
  return lists
    .map(({ words, signs }) => {
      const word = `(?<!${letter})(?=${letter}|2)(?:${words.join("|")})(?!${letter})`;
      return `${opening}${word}|(?=[^a-z0-9 ])(?:${signs.join("|")}))`;
    })
    .join("|");
}

function lower(text: string): string {
  return text.replaceAll("\u0130", "i").toLowerCase();
}

const whole = (source: string, flags = "u") => new RegExp(`^(?:${source})$`, flags);

// Codes

const codesMax = 3;
const textMax = 32 * 1024;
const candidatesMax = 100;
const reach = 40;

const run = /[0-9]+(?:[ .,:/-][0-9]+)*/gu;
const digits = whole("[0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{4}[ -][0-9]{4}");
const spaced = whole("[0-9](?: [0-9]){3,7}");
const mixed = /[A-Z]{1,3}-[0-9]{4,8}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4}|[A-Z0-9]{5,8}/gu;
const prefixed = whole("[A-Z]{1,3}-[0-9]{4,8}");
const date = whole("(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?");
const joinedBefore = /(?:[A-Za-z0-9_@#$€£¥₹₽₺₩+%&=/.-]|[0-9],|[$€£¥₹₽₺₩] |[*]{3})$/u;
const joinedAfter = /^(?:[A-Za-z0-9_@%=/]|[.:+-][A-Za-z0-9]|,[0-9])/u;
const linked = /(?:[:：=]|(?:^| )(?:is|ist|est|es|è|é|jest|är|er|on)|は|是|为|為)[ :："'“„«*([-]*$/iu;
const label = /[A-Z]{2,5} $/u;
const is =
  /^[ "'”»*)\]]*(?:(?:is|ist|est|es|è|é|to|jest|är|er|on|as|als|là|adalah)(?![A-Za-z])|[,:=–—-]|は|が|是|为|為|은|는|هو)/iu;
const sentence = /[.!?] |[。！？]/u;
const decoration = " *_~|\"'“”„«»‹›`.,:;!()[]{}<>【】「」・•→-—–";
const marker = new RegExp(pattern(bad, good, weak), "gu");
const promotion = new RegExp(pattern(promo), "u");
const unit = new RegExp(`^ ?${pattern(units)}`, "u");

/** Lists the codes of a message, at most three, best first. */
export function findCodes(subject: string, text: string): FoundCode[] {
  const page = new Page(subject, text);
  if (page.promotes(0)) return [];
  const best = new Map<string, Verdict>();
  let count = 0;
  for (const candidate of page.candidates()) {
    if (++count > candidatesMax) break;
    const verdict = page.judge(candidate);
    const known = best.get(candidate.code);
    if (verdict && (!known || verdict.score > known.score)) best.set(candidate.code, verdict);
  }
  const ranked = [...best].sort(([, a], [, b]) => b.score - a.score).slice(0, codesMax);
  const top = ranked[0]?.[1].score ?? 0;
  return ranked
    .filter(([, found]) => found.score > top - 40)
    .map(([code, found]) => ({ code, reason: found.reason }));
}

/** The subject, as row 0, and the lines of a text that are not empty. */
class Page {
  readonly #rows: string[];
  readonly #marks = new Map<number, Mark[]>();

  constructor(subject: string, text: string) {
    this.#rows = [linesOf(subject).join(" "), ...linesOf(text)];
  }

  *candidates(): Generator<Candidate> {
    for (const [row, line] of this.#rows.entries()) {
      for (const { 0: found, index: start } of line.matchAll(run)) {
        const end = start + found.length;
        const alone = strip(line, decoration) === found;
        if (joined(line, start, end)) continue;
        if (digits.test(found) || (alone && spaced.test(found))) {
          const code = found.replace(/[ -]/gu, "");
          yield { row, start, end, code, alone, doubt: date.test(found) ? "date" : "" };
        }
      }
      for (const { 0: found, index: start } of line.matchAll(mixed)) {
        const end = start + found.length;
        const alone = strip(line, decoration) === found;
        if (/^[A-Z]+$/u.test(found) || /^[0-9-]+$/u.test(found) || joined(line, start, end)) continue;
        yield { row, start, end, code: found, alone, doubt: prefixed.test(found) ? "" : "letters" };
      }
    }
  }

  promotes(row: number): boolean {
    return promotion.test(lower(this.#rows[row] ?? ""));
  }

  judge(candidate: Candidate): Verdict | null {
    const { row, start, end } = candidate;
    if (this.promotes(row) || (row > 0 && (this.promotes(row + 1) || (row > 1 && this.promotes(row - 1)))))
      return null;
    const marks = this.#marksOf(row);
    const before = marks.filter((mark) => mark.end <= start);
    const nearest = before.at(-1);
    if (nearest?.kind === "bad" && start - nearest.end <= 8) return null;
    const left = before.findLast((mark) => mark.kind !== "bad");
    const right = marks.find((mark) => mark.start >= end);
    return (
      (left ? this.#after(candidate, left) : null) ??
      (right ? this.#before(candidate, right) : null) ??
      (candidate.alone ? this.#alone(candidate) : this.#wrapped(candidate))
    );
  }

  #marksOf(row: number): Mark[] {
    let marks = this.#marks.get(row);
    if (!marks) {
      const line = this.#rows[row] ?? "";
      marks = [...lower(line).matchAll(marker)].map(({ 0: found, 1: isBad, 2: isGood, index }) => ({
        start: index,
        end: index + found.length,
        kind: isBad !== undefined ? "bad" : isGood !== undefined ? "good" : "weak",
        word: line.slice(index, index + found.length),
      }));
      this.#marks.set(row, marks);
    }
    return marks;
  }

  #after({ row, start, doubt }: Candidate, mark: Mark): Verdict | null {
    const between = (this.#rows[row] ?? "").slice(mark.end, start);
    const says = linked.test(between);
    const bare = strip(between, decoration) === "";
    const good = mark.kind === "good";
    if (between.length > (good ? reach : 12) || (doubt === "date" && !says)) return null;
    if (!bare && sentence.test(between)) return null;
    if (!(bare || says) && (label.test(between) || plain(mark, between.length))) return null;
    if (doubt === "letters" && !(good && (bare || says))) return null;
    return { score: (good ? 100 : 55) - between.length + (says ? 20 : 0), reason: beside(mark, row) };
  }

  #before({ row, end, doubt }: Candidate, mark: Mark): Verdict | null {
    const between = (this.#rows[row] ?? "").slice(end, mark.start);
    const good = mark.kind === "good";
    const far = !good ? 8 : doubt === "letters" ? 12 : reach;
    if (mark.kind === "bad" || doubt === "date" || between.length > far) return null;
    if (!is.test(between) && (between.length > 3 || !good || sentence.test(between))) return null;
    return { score: (good ? 85 : 50) - between.length, reason: beside(mark, row) };
  }

  #wrapped({ row, start, end, doubt }: Candidate): Verdict | null {
    if (row < 1 || doubt !== "") return null;
    const line = this.#rows[row] ?? "";
    const above = row > 1 ? this.#marksOf(row - 1).at(-1) : undefined;
    if (above?.kind === "good") {
      const between = `${(this.#rows[row - 1] ?? "").slice(above.end)} ${line.slice(0, start)}`;
      if (between.length <= 12 && !/[0-9]/u.test(between)) return { score: 75, reason: beside(above, row) };
    }
    const below = this.#marksOf(row + 1)[0];
    if (below?.kind === "good") {
      const between = `${line.slice(end)} ${(this.#rows[row + 1] ?? "").slice(0, below.start)}`;
      if (between.length <= 12 && is.test(between)) return { score: 70, reason: beside(below, row) };
    }
    return null;
  }

  #alone({ row, doubt }: Candidate): Verdict | null {
    for (let distance = 1; distance < Math.min(row, 6); distance++) {
      const marks = this.#marksOf(row - distance);
      const last = marks.at(-1);
      if (last?.kind === "bad" && (this.#rows[row - distance] ?? "").length - last.end <= 15) return null;
      const mark = bestOf(marks);
      if (mark && (doubt === "" || mark.kind === "good")) {
        const score = (mark.kind === "good" ? 95 : 65) - 5 * distance;
        return { score, reason: `on a line of its own after “${mark.word}”` };
      }
    }
    for (const distance of [1, 2]) {
      const mark = this.#marksOf(row + distance)[0];
      if (mark?.kind === "good" && mark.start <= reach && doubt !== "date")
        return { score: 75 - 5 * distance, reason: `on a line of its own before “${mark.word}”` };
    }
    const marks = this.#marksOf(0);
    const mark = bestOf(marks);
    if (row === 0 || !mark || doubt === "date") return null;
    if (mark.kind === "weak" && (doubt === "letters" || marks.some(({ kind }) => kind === "bad")))
      return null;
    const reason = `on a line of its own, with “${mark.word}” in the subject`;
    return { score: mark.kind === "good" ? 70 : 50, reason };
  }
}

function linesOf(text: string): string[] {
  const folded = visible(text.slice(0, textMax)).replace(/:\/\/[^ \n<>"]+/gu, "…");
  const rows = folded.split("\n").map((row) => strip(row.replace(/ {2,}/gu, " "), " "));
  return rows.filter((row) => row !== "");
}

function joined(line: string, start: number, end: number): boolean {
  return (
    joinedBefore.test(line.slice(Math.max(0, start - 3), start)) ||
    joinedAfter.test(line.slice(end, end + 2)) ||
    unit.test(lower(line.slice(end, end + 20)))
  );
}

function plain(mark: Mark, gap: number): boolean {
  return gap > 16 && !/[ -]/u.test(mark.word);
}

function bestOf(marks: Mark[]): Mark | undefined {
  return marks.findLast(({ kind }) => kind === "good") ?? marks.findLast(({ kind }) => kind === "weak");
}

function beside(mark: Mark, row: number): string {
  return `next to “${mark.word}”${row ? "" : " in the subject"}`;
}

function strip(text: string, characters: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && characters.includes(text.charAt(start))) start++;
  while (end > start && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

// Links

const linksMax = 200;
const urlMax = 8_192;
const linkTextMax = 200;
const pathMax = 1_000;
const scannedMax = 1024 * 1024;

const web = /^https?:\/\/[^/?#]/iu;
const bareLink =
  /https?:\/\/[^\x00-\x20\x7f-\xa0<>"`{}|\\^\u2000-\u206f\u3000-\u303f\uff00-\uffef\ufff0-\uffff]+/giu;
const junk = /[\x00-\x20\x7f-\x9f\ud800-\udfff]/gu;
const said = new RegExp(pattern(sayings), "u");
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

// HTML and text

const tags =
  /<!--[^]*?(?:-->|$)|<(script|style|title|template|noscript)(?![a-z0-9-])[^>]*>[^]*?(?:<\/\1[ \t\r\n]*>|$)|<[!?][^>]*>?|<(\/?)([a-z][a-z0-9]*)([^>=]*(?:=[ \t\r\n]*(?:"[^"]*"|'[^']*'|)[^>=]*)*)>?/giu;
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

function scan(html: string): { text: string; anchors: { href: string; inside: string }[] } {
  const seen: string[] = [];
  const anchors: { href: string; inside: string }[] = [];
  let href: string | null = null;
  let opened = 0;
  let place = 0;
  const close = () => {
    if (href !== null) anchors.push({ href, inside: unescape(seen.slice(opened).join("")) });
    href = null;
  };
  for (const tag of html.matchAll(tags)) {
    seen.push(html.slice(place, tag.index));
    place = tag.index + tag[0].length;
    const name = (tag[3] ?? "").toLowerCase();
    if (block.test(name)) seen.push("\n");
    else if (cell.test(name)) seen.push(" ");
    else if (name === "a") {
      close();
      const found = tag[2] ? null : hrefs.exec(tag[4] ?? "");
      if (found) href = unescape(found[1] ?? found[2] ?? found[3] ?? "");
      opened = seen.length;
    }
  }
  seen.push(html.slice(place));
  close();
  return { text: unescape(seen.join("")), anchors };
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

function visible(text: string): string {
  return text
    .replace(/[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/gu, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(invisible, "")
    .replace(joiners, "")
    .replace(/\r\n?|[\u2028\u2029]/gu, "\n")
    .replace(spaces, " ");
}
