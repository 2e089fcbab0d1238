/** Octets to text, whatever the label says. See `src/edgemail/mime/charsets.py`. */
import { ALIASES, EAST_ASIAN, NO_LABEL } from "./charset-names.ts";
import { DOS_PAGES } from "./dos-pages.ts";
import { decodeHz, decodeJapanese, decodeKorean } from "./escaped-charsets.ts";
import { isAscii, strip, toOctets } from "./octets.ts";
import { decodeUtf32, decodeUtf7 } from "./unicode.ts";

const MAX_LABEL_CHARS = 64;
const MARKS: [mark: string, charset: string][] = [
  ["\xef\xbb\xbf", "utf-8"],
  ["\xff\xfe\0\0", "utf-32le"],
  ["\0\0\xfe\xff", "utf-32be"],
  ["\xff\xfe", "utf-16le"],
  ["\xfe\xff", "utf-16be"],
];
/** How ISO-2022-JP leaves ASCII, and comes back within the line. Else it may be a stray escape. */
const SHIFT = /\x1b(?:\$[@B(]|\([JI])[^\x1b\r\n]*\x1b[$(]/;
const KOREAN = "\x1b$)C";
const IDLE_SHIFT = /\x1b(?:\([BJI]|\$[@B])(?=\x1b(?:\([BJI]|\$[@B]))/g;
const THREE_OCTETS = /[\xe0-\xf4]/;
const META =
  /<meta[ \t\r\n\f\v][^>]{0,500}?charset[ \t\r\n]{0,4}=[ \t\r\n]{0,4}["']?[ \t\r\n]{0,4}([a-z0-9_:.-]{1,40})/;
const XML =
  /^[ \t\r\n]{0,99}<\?xml[ \t\r\n][^>]{0,200}?encoding[ \t\r\n]{0,4}=[ \t\r\n]{0,4}["']([a-z0-9_:.-]{1,40})/;
const CONTROL = /[\x00-\x08\x0e-\x1f]/;
const META_OCTETS = 4096;
/** Their text may be valid ASCII and mean something else. */
const SEVEN_BIT = /^utf-(?:7|16|32)|^iso-2022-|^hz$/;

const found = new Map<string, string | null>();

/** Return the browser's name for a charset label, `ascii`, or null for a label that names no charset. */
export function findCharset(label: string): string | null {
  const name = strip(label.slice(0, MAX_LABEL_CHARS), " \t\r\n\"'<>;,").toLowerCase();
  let charset = found.get(name);
  if (charset === undefined) {
    charset = lookUp(name);
    if (found.size < 500) found.set(name, charset);
  }
  return charset;
}

function lookUp(name: string): string | null {
  const plain = name.replace(/^(?:x-)?(?:cp|win|windows)?-?_?(125\d)$/, "windows-$1");
  const forms = [name, plain, name.replace(/^x-/, ""), name.replace(/[-_]/g, "")];
  const iso = /^(?:x-)?(?:cs)?iso[-_ ]?8859[-_ ]?([1-9][0-9]?)(?![0-9])/.exec(name)?.[1];
  if (iso) forms.push(`iso-8859-${iso}`);
  for (const form of [...forms, strip(name.replace(/[^a-z0-9.]+/g, "-"), "-")]) {
    const utf = /^(?:x-)?(?:unicode-\d-\d-)?utf[-_]?(7|32)(?:[-_]?(le|be))?$/.exec(form);
    if (utf) return `utf-${utf[1]}${utf[2] ?? ""}`;
    const page = /^(?:cp|ibm|csibm|cspcp?)?-?(\d{3})(?:multilingual)?$/.exec(form)?.[1];
    if (page && DOS_PAGES.has(page)) return page;
    try {
      const charset = ALIASES.get(form) ?? new TextDecoder(form).encoding;
      if (charset !== "x-user-defined") return charset;
    } catch {
      // The browser does not know it.
    }
  }
  return null;
}

/** Decode the text of a part. */
export function decodeBody(octets: string, label: string, isHtml: boolean): string {
  for (const [mark, charset] of MARKS) {
    if (octets.startsWith(mark)) return decodeAs(octets.slice(mark.length), charset);
  }
  const named = findUseful(label);
  const meta = isHtml && (named === null || named === "utf-8") ? findMeta(octets) : null;
  if (meta === null) return decode(octets, named);
  const text = named === null ? null : (tryAs(octets, "utf-8") ?? mostlyAs(octets, "utf-8", true));
  return text ?? decode(octets, meta);
}

/** Decode header octets that no encoded word labels. `label` is the charset of the message's text. */
export function decodeHeader(octets: string, label: string): string {
  return isAscii(octets) && !octets.includes("\x1b") ? octets : decode(octets, findUseful(label), true);
}

/** Decode the octets of an encoded word or of an RFC 2231 value. */
export function decodeLabelled(octets: string, label: string): string {
  return decode(octets, findUseful(label));
}

/**
 * Return true if the octets are valid in the charset of a label, or in UTF-8. If `isCut`, they may end
 * inside a character.
 */
export function isValid(octets: string, label: string, isCut = false): boolean {
  return ["utf-8", findUseful(label) ?? "utf-8"].some((charset) => {
    if (!isCut || /^utf-(?:7|32)/.test(charset)) return tryAs(octets, charset) !== null;
    try {
      new TextDecoder(charset, { fatal: true }).decode(toOctets(octets), { stream: true });
      return true;
    } catch {
      return false;
    }
  });
}

function findUseful(label: string): string | null {
  const charset = label ? findCharset(label) : null;
  return charset === NO_LABEL ? null : charset;
}

/** Decode octets that are labelled with a charset, or only with one that is likely. */
function decode(octets: string, charset: string | null, isGuess = false): string {
  if (charset !== null && SEVEN_BIT.test(charset)) {
    const text = decodeSevenBit(octets, charset);
    if (text !== null) return text;
  }
  if (octets.includes("\x1b") && isAscii(octets)) {
    const text = sniffEscapes(octets);
    if (text !== null) return text;
  }
  if (isAscii(octets)) return octets;
  const isEastAsian = charset !== null && EAST_ASIAN.has(charset);
  if (isGuess || !isEastAsian || THREE_OCTETS.test(octets)) {
    const text = tryAs(octets, "utf-8");
    if (text !== null) return text;
  }
  if (charset !== null && charset !== "utf-8") {
    const text = tryAs(octets, charset) ?? (SEVEN_BIT.test(charset) ? null : mostlyAs(octets, charset, true));
    if (text !== null) return text;
  }
  return mostlyAs(octets, "utf-8", charset === "utf-8") ?? decodeAs(octets, "windows-1252");
}

/** Decode a charset whose text may look like ASCII. Return null if the octets are not in it. */
function decodeSevenBit(octets: string, charset: string): string | null {
  if (charset.startsWith("utf-16") || charset.startsWith("utf-32")) {
    if (!CONTROL.test(octets) && tryAs(octets, "utf-8") !== null) return null;
    return decodeAs(octets, /\d$/.test(charset) ? charset + guessByteOrder(octets) : charset);
  }
  const text = tryAs(octets, charset);
  if (text !== null || !octets.includes("\x1b")) return text;
  if (charset === "iso-2022-kr") return tryAs(octets.replace(/[^\x00-\x7f]/g, ""), charset);
  return charset === "iso-2022-jp" ? decodeJapanese(octets) : null;
}

/** Decode ISO-2022-JP or -KR that says nothing of it. */
function sniffEscapes(octets: string): string | null {
  if (octets.includes(KOREAN)) return tryAs(octets, "iso-2022-kr");
  return SHIFT.test(octets) ? (tryAs(octets, "iso-2022-jp") ?? decodeJapanese(octets)) : null;
}

/** Big endian, if nothing tells (RFC 2781, section 4.3). */
function guessByteOrder(octets: string): "le" | "be" {
  let balance = 0;
  for (let at = octets.indexOf("\0"); at >= 0; at = octets.indexOf("\0", at + 1)) balance += at % 2 ? 1 : -1;
  return balance > 0 ? "le" : "be";
}

/** Decode strictly. Return null for octets that are not valid. */
function tryAs(octets: string, charset: string): string | null {
  if (charset.startsWith("utf-7")) return decodeUtf7(octets);
  if (charset.startsWith("utf-32")) return decodeUtf32(octets, charset);
  const page = DOS_PAGES.get(charset);
  if (page) return decodePage(octets, page);
  if (charset === "hz" || charset === "iso-2022-kr") {
    const text = isAscii(octets) ? (charset === "hz" ? decodeHz(octets) : decodeKorean(octets)) : "\ufffd";
    return /[\ufffd\x1b\ue000-\uf8ff]/.test(text) ? null : text;
  }
  // A decoder takes two shifts without a character between them for an error.
  const units = charset === "iso-2022-jp" ? octets.replace(IDLE_SHIFT, "") : octets;
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(toOctets(units));
  } catch {
    return null;
  }
}

function decodePage(octets: string, page: string): string {
  return octets.replace(/[^\x00-\x7f]/g, (octet) => page.charAt(octet.charCodeAt(0) - 128));
}

export function decodeAs(octets: string, charset: string): string {
  if (charset.startsWith("utf-7")) return decodeUtf7(octets) ?? octets;
  if (charset.startsWith("utf-32")) return decodeUtf32(octets, charset) ?? "\ufffd";
  return new TextDecoder(charset, { ignoreBOM: true }).decode(toOctets(octets));
}

/**
 * Decode with U+FFFD for what is broken, if more characters above ASCII are right than wrong. Where the
 * label names the charset, as many are enough.
 */
function mostlyAs(octets: string, charset: string, isNamed: boolean): string | null {
  const text = decodeAs(octets, charset);
  const wrong = text.match(/\ufffd/g)?.length ?? 0;
  const right = (text.match(/[^\x00-\x7f]/gu)?.length ?? 0) - wrong;
  return right + Number(isNamed) > Math.max(wrong, 1) ? text : null;
}

/** Return the charset that HTML names for itself, but for those that take another reading to find. */
function findMeta(octets: string): string | null {
  if (isAscii(octets)) return null;
  const head = octets
    .slice(0, META_OCTETS)
    .toLowerCase()
    .replace(/<!--[^]*?-->/g, "");
  const label = (META.exec(head) ?? XML.exec(head))?.[1];
  const charset = label === undefined ? null : findUseful(label);
  return charset !== null && SEVEN_BIT.test(charset) ? null : charset;
}
