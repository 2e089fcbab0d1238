/** `From` to names and addresses, as people write them. See `src/edgemail/mime/addresses.py`. */
import { decodeWords } from "./encoded-words.ts";
import { strip, stripEnd } from "./octets.ts";
import { makeLine } from "./text-line.ts";

const MAX_ADDRESSES = 200;
const MAX_OCTETS = 64 * 1024;
const MAX_NAME_OCTETS = 8 * 1024;
const MAX_NAME_CHARS = 300;
const MAX_ADDRESS_CHARS = 400;
const SIGN = /["(<,;:]/g;
/** A user of the sender's own machine, as in `root (Cron Daemon)`. */
const USER = /^[A-Za-z0-9._+-]{1,64}$/;
const QUOTED_END = /"[^"]{1,290}"$/;

export interface Mailbox {
  name: string;
  address: string;
}

/** Read an unfolded field. Empty groups and empty entries are left out. */
export function readAddresses(octets: string, label: string): Mailbox[] {
  return new AddressReader(octets.slice(0, MAX_OCTETS), label).read();
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
  private endsInQuotes = false;
  private hasAt = false;
  /** False once there is no closing sign further on: it is not looked for again. */
  private hasQuotes = true;
  private hasBrackets = true;
  private hasAngles = true;
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

  private readAngle(place: number): number {
    let end = this.hasAngles ? this.octets.indexOf(">", place) : -1;
    if (end < 0) {
      this.hasAngles = false;
      const next = /[,;]/.exec(this.octets.slice(place));
      end = next ? place + next.index : this.octets.length;
    }
    const inner = strip(this.octets.slice(place, end), " \t<");
    if (!this.address) this.address = cleanAddress(inner);
    while (this.octets.startsWith(">", end)) end += 1;
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
    if (this.address === null) {
      const text = this.words.join("");
      const bare = findBare(text);
      if (bare) {
        const [start, end] = bare;
        this.address = text.slice(start, end);
        this.words = [text.slice(0, start), " ", text.slice(end)];
      } else if (sign) {
        if (strip(text)) this.earlier.push(text, sign);
        this.words = [];
        this.hasAt = false;
        return;
      }
    }
    let name = strip([...this.earlier, ...this.words].join("")).slice(0, MAX_NAME_OCTETS);
    const comment = this.comments.join(" ").slice(0, MAX_NAME_OCTETS);
    if (this.address === null && comment && USER.test(name)) [this.address, name] = [name, ""];
    name = (this.endsInQuotes ? name : stripEnd(name, " \t,;")) || comment;
    const address = (this.address ?? "").slice(0, MAX_NAME_OCTETS);
    if (name || address) {
      const shown = makeLine(decodeWords(name, this.label), MAX_NAME_CHARS);
      this.found.push({
        name: /^".+"$/.test(shown) ? shown.slice(1, -1) : shown, // quotes that were encoded with the name
        address: makeLine(decodeWords(address, this.label), MAX_ADDRESS_CHARS),
      });
    }
    this.earlier = [];
    this.words = [];
    this.comments = [];
    this.address = null;
    this.endsInQuotes = false;
    this.hasAt = false;
  }
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

/** Drop what is no part of an address: a route, `mailto:`, comments, and blanks around dots. */
function cleanAddress(octets: string): string {
  const address = (octets.startsWith("@") ? octets.slice(octets.lastIndexOf(":") + 1) : octets)
    .replace(/^mailto:/, "")
    .replace(/\([^()]{0,300}\)/g, "");
  return address.includes('"') ? address : address.replace(/[ \t]{0,9}([.@])[ \t]{0,9}/g, "$1");
}

function unescape(octets: string): string {
  return octets.replace(/\\([^])/g, "$1");
}
