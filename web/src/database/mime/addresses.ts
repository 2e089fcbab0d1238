/** `From` to names and addresses, as people write them. See `src/edgemail/mime/addresses.py`. */
import { decodeWords } from "./encoded-words.ts";
import { strip, stripEnd } from "./octets.ts";
import { makeLine } from "./text-line.ts";

const MAX_ADDRESSES = 200;
const MAX_OCTETS = 64 * 1024;
const MAX_NAME_CHARS = 300;
const MAX_ADDRESS_CHARS = 400;
const SIGN = /["(<,;:]/g;
const BARE = /[^ \t\r\n\v\f<>,;]{1,400}@[^ \t\r\n\v\f<>,;]{1,400}/;
const QUOTED_ADDRESS = /"[^"\\]{1,200}"@[^ \t\r\n\v\f<>,;]{1,255}/;

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
  private words: string[] = [];
  private comments: string[] = [];
  private address: string | null = null;
  private endsInQuotes = false;
  /** False once there is no closing sign further on: it is not looked for again. */
  private hasQuotes = true;
  private hasBrackets = true;
  private hasAngles = true;

  constructor(
    private readonly octets: string,
    private readonly label: string,
  ) {}

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
  }

  private readQuoted(place: number): number {
    let end = place;
    while (this.hasQuotes) {
      end = this.octets.indexOf('"', end);
      if (end < 0) {
        this.hasQuotes = false;
      } else if (countBackslashes(this.octets, end) % 2 === 0) {
        const inner = this.octets.slice(place, end);
        const isLocalPart = this.octets.startsWith("@", end + 1);
        this.words.push(isLocalPart ? `"${inner}"` : unescape(inner));
        this.endsInQuotes = !isLocalPart;
        return end + 1;
      } else {
        end += 1;
      }
    }
    return place;
  }

  private readComment(place: number): number {
    if (!this.hasBrackets) return place;
    const signs = /\\[^]|[()]/g;
    signs.lastIndex = place;
    let depth = 1;
    for (let sign = signs.exec(this.octets); sign; sign = signs.exec(this.octets)) {
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
    const isGroup = this.octets.includes(";", place) || !strip(this.octets.slice(place));
    if (isGroup && this.address === null && !this.words.some((word) => word.includes("@"))) {
      this.words = [];
      this.comments = [];
    } else {
      this.words.push(":");
    }
  }

  /** End a mailbox. A comma after something without an address belongs to the name that follows. */
  private endEntry(sign: string): void {
    const text = strip(this.words.join(""));
    if (this.address === null && text) {
      const bare = QUOTED_ADDRESS.exec(text) ?? BARE.exec(text);
      if (bare) {
        this.address = bare[0];
        this.words = [text.slice(0, bare.index), " ", text.slice(bare.index + bare[0].length)];
      } else if (sign) {
        this.words.push(sign);
        return;
      }
    }
    const written = strip(this.words.join(""));
    const name = (this.endsInQuotes ? written : stripEnd(written, " \t,;")) || this.comments.join(" ");
    const address = this.address ?? "";
    if (name || address)
      this.found.push({
        name: makeLine(decodeWords(name, this.label), MAX_NAME_CHARS),
        address: makeLine(decodeWords(address, this.label), MAX_ADDRESS_CHARS),
      });
    this.words = [];
    this.comments = [];
    this.address = null;
    this.endsInQuotes = false;
  }
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

function countBackslashes(octets: string, end: number): number {
  let start = end;
  while (start > 0 && octets.charAt(start - 1) === "\\") start -= 1;
  return end - start;
}
