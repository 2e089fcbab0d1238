import type { Page } from "@playwright/test";
import type { Address, Api, Code, Link, ParsedMessage } from "./api.js";
import { MailError } from "./errors.js";
import { hasPart, isFound } from "./matching.js";
import { indent, oneLine, summarise } from "./wording.js";

const SAID_MAX = 300;

/** Which code is meant, where a message has several or an unusual one. */
export interface CodeOptions {
  /** Is searched in the subject and the text. Its first group is the code, or the whole match if it has none. */
  pattern?: RegExp;
}

/** Which link is meant. Without both, the one that looks as if it confirms something, or the only link. */
export interface LinkOptions {
  /** A part of the URL, or a pattern that is searched in it. */
  url?: string | RegExp;
  /** A part of the link's text, in any case, or a pattern that is searched in it. */
  text?: string | RegExp;
}

/** A file that came with a message. */
export interface Attachment {
  readonly name: string;
  readonly type: string;
  /** In octets, decoded. */
  readonly size: number;
  content(): Promise<Buffer>;
}

/** A code or link that may be meant, and what is known of it. */
interface Candidate {
  value: string;
  about: string;
}

/** A message that has come to an inbox. */
export class Message {
  readonly id: number;
  readonly subject: string;
  readonly from: Address;
  /** The whole `From` field, decoded. */
  readonly fromField: string;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  readonly replyTo: readonly Address[];
  /** The sender of the envelope; empty for a bounce. */
  readonly envelopeFrom: string;
  /** When the server accepted it. */
  readonly date: Date;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly Attachment[];
  readonly codes: readonly Code[];
  readonly links: readonly Link[];
  readonly #api: Api;
  readonly #address: string;
  readonly #fields: readonly { name: string; value: string }[];

  constructor(api: Api, address: string, parsed: ParsedMessage) {
    this.id = parsed.id;
    this.subject = parsed.subject;
    this.fromField = parsed.from;
    this.from = readMailbox(parsed.from);
    this.to = parsed.to;
    this.cc = parsed.cc;
    this.bcc = parsed.bcc;
    this.replyTo = parsed.reply_to;
    this.envelopeFrom = parsed.sender;
    this.date = new Date(parsed.date);
    this.text = parsed.text ?? "";
    this.html = parsed.html ?? "";
    this.attachments = parsed.attachments.map(({ index, name, type, size }) => ({
      name,
      type,
      size,
      content: () => this.#api.bytes(this.#address, this.id, `attachments/${index}`),
    }));
    this.codes = parsed.codes;
    this.links = parsed.links;
    this.#api = api;
    this.#address = address;
    this.#fields = parsed.headers;
  }

  /** Return the first header field of that name, decoded; undefined if there is none. */
  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  /** Return all header fields of that name, decoded. */
  headers(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#fields.filter((field) => field.name.toLowerCase() === wanted).map((field) => field.value);
  }

  /** Return the message as it came, octet for octet. */
  raw(): Promise<Buffer> {
    return this.#api.bytes(this.#address, this.id, "raw");
  }

  /** Return the code. A MailError says so if there is none, or if there are several. */
  code(options: CodeOptions = {}): string {
    const found = this.findCodes(options).map(({ code, reason }) => ({ value: code, about: reason }));
    return this.#choose(describeCode(options), found, []);
  }

  /** Return the URL of the link. A MailError says so if there is none, or if there are several. */
  link(options: LinkOptions = {}): string {
    const tell = ({ url, text, reason }: Link) => ({
      value: url,
      about: [text && `"${oneLine(text)}"`, reason].filter(Boolean).join(", "),
    });
    return this.#choose(describeLink(options), this.findLinks(options).map(tell), this.links.map(tell));
  }

  /**
   * Show the message in the browser: its HTML as a reader sees it, or its text.
   *
   * Scripts in it do not run. A click on a link goes there.
   */
  async open(page: Page): Promise<void> {
    const view = await page.goto(`${this.#api.url}/view/${this.id}.${this.html ? "html" : "txt"}`);
    if (view?.ok()) return;
    // The server does not show mail, as its `compat_apis` is off.
    await page.goto("about:blank");
    const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'none'">`;
    await page.setContent(policy + (this.html || `<pre>${escapeHtml(this.text)}</pre>`));
  }

  /** Find the codes that may be meant. */
  findCodes({ pattern }: CodeOptions): readonly Code[] {
    if (!pattern) return this.codes;
    const everywhere = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, "")}g`);
    const found = `${this.subject}\n${this.text || this.html}`.matchAll(everywhere);
    const codes = new Set([...found].map((match) => match[1] ?? match[0]).filter(Boolean));
    return [...codes].map((code) => ({ code, reason: "" }));
  }

  /** Find the links that may be meant. */
  findLinks({ url, text }: LinkOptions): readonly Link[] {
    if (!url && !text) {
      const confirming = this.links.filter((link) => link.reason);
      return confirming.length ? confirming : this.links;
    }
    return this.links.filter(
      (link) =>
        (!url || (typeof url === "string" ? link.url.includes(url) : isFound(url, link.url))) &&
        (!text || hasPart(link.text, text)),
    );
  }

  /** Return the only candidate, or say which there are; `others` are listed where there is none. */
  #choose(wanted: string, found: readonly Candidate[], others: readonly Candidate[]): string {
    const [only] = found;
    if (only && found.length === 1) return only.value;
    const lines = indent((only ? found : others).map(({ value, about }) => `${value}  ${about}`.trimEnd()));
    if (only) {
      throw new MailError(`Several ${wanted.replace(/^\w+/, "$&s")} in ${summarise(this)}:\n${lines}`);
    }
    const said = oneLine(this.text || this.html, SAID_MAX) || "nothing";
    throw new MailError(
      `No ${wanted} in ${summarise(this)}.\n${lines ? `It has:\n${lines}` : `It says: ${said}`}`,
    );
  }
}

/** Say which code is meant, as in `code that matches /\d+/`. */
export function describeCode({ pattern }: CodeOptions): string {
  return pattern ? `code that matches ${pattern}` : "code";
}

/** Say which link is meant, as in `link with "/confirm" whose text has "Confirm"`. */
export function describeLink({ url, text }: LinkOptions): string {
  const parts = ["link"];
  if (typeof url === "string" && url) parts.push(`with "${url}"`);
  else if (url) parts.push(`that matches ${url}`);
  if (typeof text === "string" && text) parts.push(`whose text has "${text}"`);
  else if (text) parts.push(`whose text matches ${text}`);
  return parts.join(" ");
}

function readMailbox(field: string): Address {
  const mailbox = /^(.*)<([^<>]*)>\s*$/s.exec(field);
  return mailbox
    ? { name: (mailbox[1] ?? "").trim(), address: mailbox[2] ?? "" }
    : { name: "", address: field.trim() };
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
