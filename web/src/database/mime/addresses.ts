/** `From` to names and addresses, as people write them. See `src/edgemail/mime/addresses.py`. */
import { decodeWords } from "./encoded-words.ts";
import { strip } from "./octets.ts";
import { makeLine, trim } from "./text-line.ts";

const MAX_ADDRESSES = 200;
const MAX_OCTETS = 64 * 1024;
const MAX_NAME_OCTETS = 8 * 1024;
const MAX_NAME_CHARS = 300;
const MAX_ADDRESS_CHARS = 400;
const SIGN = /["(<,;:]/g;
/** A user of the sender's own machine, as in `root (Cron Daemon)`. */
const USER = /^[A-Za-z0-9._+-]{1,64}$/;
const QUOTED_END = /"[^"]{1,290}"$/;
const BLANK = /[ \t\r\n\v\f]/;
/** Signs that a program has written as HTML, one of them with the semicolon that parts addresses. */
const ENTITIES: [written: string, meant: string][] = [
  ["&quot;", '"'],
  ["&#34;", '"'],
  ["&#39;", "'"],
  ["&#039;", "'"],
  ["&apos;", "'"],
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&amp;", "&"],
];

export interface Mailbox {
  name: string;
  address: string;
}

/** Read an unfolded field. Empty groups and empty entries are left out. */
export function readAddresses(octets: string, label: string): Mailbox[] {
  let text = octets.slice(0, MAX_OCTETS);
  for (const [written, meant] of text.includes("&") ? ENTITIES : []) text = text.replaceAll(written, meant);
  return new AddressReader(text, label).read();
}

/** Write addresses for people: `Name <a@b>, c@d`. */
export function writeAddresses(mailboxes: Mailbox[]): string {
  return mailboxes
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address))
    .join(", ");
}

/** Goes through a field sign by sign. */
class AddressReader {
  private readonly found: Mailbox[] = [];
  /** What came before the last comma without an address, so that it is part of a name. */
  private earlier: string[] = [];
  private words: string[] = [];
  private comments: string[] = [];
  private address: string | null = null;
  /** Among the words, where the angle brackets are that the address was in. */
  private anglePlace = 0;
  private endsInQuotes = false;
  private hasAt = false;
  /** False once there is no closing sign further on: it is not looked for again. */
  private hasQuotes = true;
  private hasBrackets = true;
  /** Where the next closing angle bracket is, which is looked for once; -1 for none. */
  private angleEnd = 0;
  private readonly lastSemicolon: number;

  constructor(
    private readonly octets: string,
    private readonly label: string,
  ) {
    this.lastSemicolon = octets.lastIndexOf(";");
  }

  read(): Mailbox[] {
    let place = 0;
    while (this.found.length < MAX_ADDRESSES) {
      SIGN.lastIndex = place;
      const sign = SIGN.exec(this.octets);
      if (!sign) break;
      this.addWord(this.octets.slice(place, sign.index));
      place = sign.index + 1;
      if (sign[0] === '"') place = this.readQuoted(place);
      else if (sign[0] === "(") place = this.readComment(place);
      else if (sign[0] === "<") place = this.readAngle(place);
      else if (sign[0] === ":") this.beginGroup(place);
      else this.endEntry(sign[0]);
    }
    this.addWord(this.octets.slice(place));
    this.endEntry("");
    return this.found.slice(0, MAX_ADDRESSES);
  }

  private addWord(word: string): void {
    this.words.push(word);
    this.endsInQuotes &&= !strip(word);
    this.hasAt ||= word.includes("@");
  }

  private readQuoted(place: number): number {
    if (!this.hasQuotes) return place;
    const signs = /\\[^]|"/g;
    signs.lastIndex = place;
    for (let sign = signs.exec(this.octets); sign; sign = signs.exec(this.octets)) {
      if (sign[0] !== '"') continue;
      const inner = this.octets.slice(place, sign.index);
      const isLocalPart = this.octets.startsWith("@", signs.lastIndex);
      this.words.push(isLocalPart ? `"${inner}"` : unescape(inner));
      this.endsInQuotes = !isLocalPart;
      return signs.lastIndex;
    }
    this.hasQuotes = false;
    return place;
  }

  private readComment(place: number): number {
    const signs = /\\[^]|[()]/g;
    signs.lastIndex = place;
    let depth = 1;
    for (let sign = this.hasBrackets ? signs.exec(this.octets) : null; sign; sign = signs.exec(this.octets)) {
      depth += Number(sign[0] === "(") - Number(sign[0] === ")");
      if (depth > 0) continue;
      this.comments.push(unescape(this.octets.slice(place, sign.index)));
      return sign.index + 1;
    }
    this.hasBrackets = false;
    this.words.push("(");
    return place;
  }

  private readAngle(start: number): number {
    const { octets } = this;
    let place = start;
    while (place < octets.length && "< \t".includes(octets.charAt(place))) place += 1;
    if (this.angleEnd >= 0 && this.angleEnd < place) this.angleEnd = octets.indexOf(">", place);
    let end = this.angleEnd;
    const inner = end < 0 ? octets.length : octets.indexOf("<", place);
    if (end < 0 || (inner >= 0 && inner < end)) {
      const stop = /[,;]/.exec(octets.slice(place, inner)); // this one is not closed
      end = stop ? place + stop.index : inner;
    }
    const found = cleanAddress(strip(octets.slice(place, end)));
    if (!this.address) {
      [this.address, this.anglePlace] = [found, this.words.length];
    } else if (found.includes("@") && !this.address.includes("@")) {
      this.words.splice(this.anglePlace, 0, this.address); // what was in brackets before is a name
      this.address = found;
    }
    while (octets.startsWith(">", end)) end += 1;
    return end;
  }

  /** Forget the name of a group, which a semicolon ends. Any other colon belongs to a name. */
  private beginGroup(place: number): void {
    const isGroup = this.lastSemicolon >= place || place === this.octets.length;
    if (isGroup && this.address === null && !this.hasAt) {
      this.earlier = [];
      this.words = [];
      this.comments = [];
    } else {
      this.words.push(":");
    }
  }

  /** End a mailbox. A comma after something without an address belongs to the name that follows. */
  private endEntry(sign: string): void {
    if (!this.address?.includes("@")) {
      const text = this.splitOffBare(this.words.join(""));
      const bare = findBare(text);
      if (bare) {
        const [start, end] = bare;
        const before = this.address ? [this.address] : [];
        this.address = cleanAddress(text.slice(start, end));
        this.words = [...before, text.slice(0, start), " ", text.slice(end)];
      } else if (this.address === null && !this.takeComment() && sign) {
        if (strip(text)) this.earlier.push(text, sign);
        this.words = [];
        this.hasAt = false;
        return;
      }
    }
    let name = strip([...this.earlier, ...this.words].join("")).slice(0, MAX_NAME_OCTETS);
    const comment = this.comments.join(" ").slice(0, MAX_NAME_OCTETS);
    if (this.address === null && comment && USER.test(name)) [this.address, name] = [name, ""];
    name = (this.endsInQuotes ? name : stripName(name)) || comment;
    const address = (this.address ?? "").slice(0, MAX_NAME_OCTETS);
    if (name || address) this.add(unquote(makeLine(decodeWords(name, this.label), MAX_NAME_CHARS)), address);
    this.earlier = [];
    this.words = [];
    this.comments = [];
    this.address = null;
    this.endsInQuotes = false;
    this.hasAt = false;
  }

  private add(name: string, address: string): void {
    this.found.push({ name, address: makeLine(decodeWords(address, this.label), MAX_ADDRESS_CHARS) });
  }

  /** Take addresses that blanks alone part for so many mailboxes, but for the last. Return what is left. */
  private splitOffBare(all: string): string {
    let text = all;
    while (this.earlier.length === 0 && this.address === null && this.found.length < MAX_ADDRESSES) {
      const bare = findBare(text);
      const rest = bare ? text.slice(bare[1]) : "";
      const after = findBare(rest);
      if (!bare || !after || strip(text.slice(0, bare[0])) || strip(rest.slice(0, after[0]))) break;
      this.add("", cleanAddress(text.slice(...bare)));
      text = rest;
    }
    return text;
  }

  /** Take an address that stands in a comment, as in `Ann Doe (ann@sender.example)`. */
  private takeComment(): boolean {
    const comment = strip(this.comments[0] ?? "");
    if (BLANK.test(comment) || !findBare(comment)) return false;
    this.address = cleanAddress(comment);
    this.comments.shift();
    return true;
  }
}

/** Drop signs at the ends of a name that belong to something else: brackets without the other one, escapes. */
function stripName(octets: string): string {
  let name = strip(octets, " \t,;<>\\");
  if (!name.includes(")")) name = name.replace(/^\(/, "");
  if (!name.includes("(") && name.endsWith(")")) name = name.slice(0, -1);
  return name;
}

/** Drop quotes that were encoded with the name, and those that Outlook puts around it. */
function unquote(shown: string): string {
  let name = shown;
  for (const quote of ['"', "'"]) {
    const inner = name.slice(1, -1);
    if (inner && name.startsWith(quote) && name.endsWith(quote) && (quote === '"' || !inner.includes(quote)))
      name = trim(inner);
  }
  return name;
}

/** Find an address that no angle brackets enclose. Return its start and end. */
function findBare(text: string): [start: number, end: number] | null {
  const at = text.indexOf("@");
  if (at < 0) return null;
  const quoted = QUOTED_END.exec(text.slice(Math.max(0, at - 300), at));
  const blank = Math.max(text.lastIndexOf(" ", at), text.lastIndexOf("\t", at));
  const start = quoted ? at - quoted[0].length : blank + 1;
  const stop = /[ \t\r\n\v\f]/.exec(text.slice(at));
  const end = stop ? at + stop.index : text.length;
  return start < at && at < end - 1 ? [start, end] : null;
}

/** Drop what is no part of an address: a route, `mailto:`, comments, blanks around dots, signs around it. */
function cleanAddress(octets: string): string {
  let address = strip(octets, " \t,;<>");
  if (["''", '""', "[]", "{}"].includes(address.charAt(0) + address.slice(-1)))
    address = address.slice(1, -1);
  if (address.startsWith("@")) address = address.slice(address.lastIndexOf(":") + 1);
  address = address.replace(/^mailto:/i, "");
  if (address.includes("(")) address = address.replace(/\([^()]{0,300}\)/g, "");
  else if (address.endsWith(")")) address = address.slice(0, -1);
  return address.includes('"') ? address : address.replace(/[ \t]{0,9}([.@])[ \t]{0,9}/g, "$1");
}

function unescape(octets: string): string {
  return octets.replace(/\\([^])/g, "$1");
}
