/** The tree of parts to a list. See `src/edgemail/mime/part_list.py`. */
import type { ListedPart, PartList } from "../../inbox/source.ts";
import { decodeAs } from "./charsets.ts";
import { FilePart } from "./content.ts";
import { type ReadMail, readMail } from "./message.ts";
import { toOctetString } from "./octets.ts";
import { Parameters } from "./parameters.ts";
import type { MailPart } from "./structure.ts";
import { makeLine } from "./text-line.ts";

const MAX_PARTS = 500;
const MAX_DEPTH = 8;
const MAX_NESTED_OCTETS = 32 * 1024 * 1024;
const MAX_WORD_CHARS = 60;
const MESSAGE_TYPES = /^message\/(?:rfc822|global)$/;

/** List a message's parts, and those of the messages that are attached to it. */
export function listParts(message: Uint8Array): PartList {
  const list = new PartLister();
  list.addMessage(readMail(toOctetString(message)), "", 0, []);
  return { parts: list.parts, complete: list.isComplete };
}

class PartLister {
  readonly parts: ListedPart[] = [];
  isComplete = true;
  private octetsLeft = MAX_NESTED_OCTETS;

  /** Add the parts of a message that is the attachment at `path`. `prefix` is its own number and a dot. */
  addMessage(mail: ReadMail, prefix: string, level: number, path: number[]): void {
    const { root } = mail;
    const isTree = root.isMultipart && root.children.length > 0;
    const todo: [part: MailPart, number: string, level: number][] = [
      [root, isTree ? "" : `${prefix}1`, level],
    ];
    for (let next = todo.pop(); next; next = todo.pop()) {
      const [part, number, depth] = next;
      if (this.parts.length >= MAX_PARTS) {
        this.isComplete = false;
        return;
      }
      this.addPart(mail, part, number, depth, path);
      const start = number ? `${number}.` : prefix;
      for (let place = part.children.length; place > 0; place -= 1)
        todo.push([part.children[place - 1] as MailPart, `${start}${place}`, depth + 1]);
    }
  }

  private addPart(mail: ReadMail, part: MailPart, number: string, level: number, path: number[]): void {
    const index = mail.files.findIndex((file) => file.part === part);
    const octets = part.children.length > 0 ? null : part.decode();
    const file = new FilePart(part, false);
    const here = index < 0 ? null : [...path, index];
    const name = file.name(mail.label);
    const type = part.shownType;
    const word = (text: string) => makeLine(text, MAX_WORD_CHARS);
    this.parts.push({
      number,
      level,
      type,
      charset: word(part.charset),
      encoding: word(decodeAs(part.field("content-transfer-encoding"), "utf-8")).toLowerCase(),
      disposition: word(new Parameters(part.field("content-disposition")).value),
      name,
      content_id: file.contentId,
      size: octets?.length ?? null,
      role: roleOf(mail, part, mail.files[index]),
      attachment: here?.join(".") ?? null,
    });
    if (octets === null || !here || !(MESSAGE_TYPES.test(type) || /\.eml$/i.test(name))) return;
    if (here.length >= MAX_DEPTH || octets.length > this.octetsLeft) {
      this.isComplete = false;
      return;
    }
    this.octetsLeft -= octets.length;
    this.addMessage(readMail(octets), `${number}.`, level + 1, here);
  }
}

function roleOf(mail: ReadMail, part: MailPart, file: FilePart | undefined): ListedPart["role"] {
  if (file) return file.isInline ? "inline" : "attachment";
  if (mail.pages.includes(part)) return "html";
  return mail.texts.includes(part) ? "text" : "";
}
