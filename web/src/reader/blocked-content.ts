/** What a message's HTML would have done where nothing stops it, told from what the sanitiser took out. */
import { hostOf } from "./link-host.ts";

export interface Deeds {
  /** The host of each remote image that is no tracker. */
  images: string[];
  /** The host of each image that is there to be fetched and not to be seen. */
  trackers: string[];
  scripts: number;
  /** Style sheets, fonts and backgrounds from elsewhere. */
  styles: number;
  /** Where each form sends to; empty where it does not say. */
  forms: string[];
  frames: number;
  /** Ways to another page that nobody has to click. */
  moves: number;
  others: number;
}

/** As DOMPurify tells of what it removed. */
export type Removed = { element: Node } | { attribute: Attr | null; from: Node };

const FRAMES = /^(?:iframe|frame|frameset|object|embed|applet|portal|fencedframe)$/;
const OTHERS = /^(?:svg|math|audio|video|base|dialog|template)$/;
const CODE = /^\s*(?:javascript|vbscript|data:text)/i;
/** Services and paths that count who opens mail. */
const COUNTERS =
  /(?:list-manage|sendgrid|mandrillapp|hubspotemail|mailtrack|getnotify|google-analytics|doubleclick)\.|\/(?:open|opens|track|tracking|pixel|beacon|wf\/open|o\.gif|t\.gif|ci0)(?:[./?]|$)/i;
const SMALLEST = 2;

export function noDeeds(): Deeds {
  return { images: [], trackers: [], scripts: 0, styles: 0, forms: [], frames: 0, moves: 0, others: 0 };
}

export function noteRemoved(deeds: Deeds, removed: readonly Removed[]): void {
  for (const one of removed) {
    if ("element" in one) noteElement(deeds, one.element);
    else if (one.attribute) noteAttribute(deeds, one.attribute);
  }
}

/** Note an image by its `https:` or `http:` address. */
export function noteImage(deeds: Deeds, element: HTMLElement, address: string): void {
  const host = hostOf(address);
  if (host) (isCounter(element, address) ? deeds.trackers : deeds.images).push(host);
}

function noteElement(deeds: Deeds, node: Node): void {
  if (!(node instanceof Element)) return;
  const name = node.localName;
  if (name === "script") deeds.scripts += 1;
  else if (name === "form") deeds.forms.push(hostOf(node.getAttribute("action") ?? "") ?? "");
  else if (FRAMES.test(name)) deeds.frames += 1;
  else if (OTHERS.test(name)) deeds.others += 1;
  else if (name === "meta" && /^refresh$/i.test(node.getAttribute("http-equiv") ?? "")) deeds.moves += 1;
  else if (name === "link" && /stylesheet|pre|icon/i.test(node.getAttribute("rel") ?? "")) deeds.styles += 1;
  if (name !== "form") for (const { name: key } of node.attributes) if (/^on/i.test(key)) deeds.scripts += 1;
}

function noteAttribute(deeds: Deeds, { name, value }: Attr): void {
  if (/^on/i.test(name) || CODE.test(value)) deeds.scripts += 1;
  else if (/^(?:form)?action$/i.test(name)) deeds.forms.push(hostOf(value) ?? "");
  else if (/^ping$/i.test(name)) deeds.trackers.push(hostOf(value) ?? value.slice(0, 100));
  else if (/^(?:srcset|poster)$/i.test(name)) {
    const host = hostOf(value.trim().split(/\s/)[0] ?? "");
    if (host) deeds.images.push(host);
  }
}

function isCounter(element: HTMLElement, address: string): boolean {
  const { width, height, display, visibility } = element.style;
  const sizes = [element.getAttribute("width"), element.getAttribute("height"), width, height];
  const small = sizes.some((size) => size && parseFloat(size) <= SMALLEST && !size.endsWith("%"));
  return small || display === "none" || visibility === "hidden" || COUNTERS.test(address);
}
