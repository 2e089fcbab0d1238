/** Lists what a message's HTML tried to do, from what the sanitiser removed. */
import { hostOf } from "./link-host.ts";

export interface BlockedContent {
  /** The host of each remote image that is not a tracker. */
  images: string[];
  /** The host of each tracking pixel or other tracker. */
  trackers: string[];
  scripts: number;
  /** Remote style sheets, fonts and backgrounds. */
  styles: number;
  /** The host that each form sends to; empty if it names none. */
  forms: string[];
  frames: number;
  /** Redirects that need no click. */
  redirects: number;
  others: number;
}

/** An entry of DOMPurify's list of what it removed. */
export type Removed = { element: Node } | { attribute: Attr | null; from: Node };

const FRAME_TAGS = /^(?:iframe|frame|frameset|object|embed|applet|portal|fencedframe)$/;
const OTHER_TAGS = /^(?:svg|math|audio|video|base|dialog|template)$/;
const SCRIPT_URL = /^\s*(?:javascript|vbscript|data:text)/i;
/** Hosts and paths of services that track who opens mail. */
const TRACKER_URLS =
  /(?:list-manage|sendgrid|mandrillapp|hubspotemail|mailtrack|getnotify|google-analytics|doubleclick)\.|\/(?:open|opens|track|tracking|pixel|beacon|wf\/open|o\.gif|t\.gif|ci0)(?:[./?]|$)/i;
const MAX_TRACKER_PX = 2;

export function emptyBlockedContent(): BlockedContent {
  return { images: [], trackers: [], scripts: 0, styles: 0, forms: [], frames: 0, redirects: 0, others: 0 };
}

/** Record what DOMPurify removed. */
export function recordRemoved(content: BlockedContent, removed: readonly Removed[]): void {
  for (const item of removed) {
    if ("element" in item) recordElement(content, item.element);
    else if (item.attribute) recordAttribute(content, item.attribute);
  }
}

/** Record a remote image, or a tracker, by its URL. */
export function recordImage(content: BlockedContent, element: HTMLElement, address: string): void {
  const host = hostOf(address);
  if (host) (isTracker(element, address) ? content.trackers : content.images).push(host);
}

function recordElement(content: BlockedContent, node: Node): void {
  if (!(node instanceof Element)) return;
  const name = node.localName;
  if (name === "script") content.scripts += 1;
  else if (name === "form") content.forms.push(hostOf(node.getAttribute("action") ?? "") ?? "");
  else if (FRAME_TAGS.test(name)) content.frames += 1;
  else if (OTHER_TAGS.test(name)) content.others += 1;
  else if (name === "meta" && /^refresh$/i.test(node.getAttribute("http-equiv") ?? ""))
    content.redirects += 1;
  else if (name === "link" && /stylesheet|pre|icon/i.test(node.getAttribute("rel") ?? ""))
    content.styles += 1;
  if (name !== "form")
    for (const { name: key } of node.attributes) if (/^on/i.test(key)) content.scripts += 1;
}

function recordAttribute(content: BlockedContent, { name, value }: Attr): void {
  if (/^on/i.test(name) || SCRIPT_URL.test(value)) content.scripts += 1;
  else if (/^(?:form)?action$/i.test(name)) content.forms.push(hostOf(value) ?? "");
  else if (/^ping$/i.test(name)) content.trackers.push(hostOf(value) ?? value.slice(0, 100));
  else if (/^(?:srcset|poster)$/i.test(name)) {
    const host = hostOf(value.trim().split(/\s/)[0] ?? "");
    if (host) content.images.push(host);
  }
}

function isTracker(element: HTMLElement, address: string): boolean {
  const { width, height, display, visibility } = element.style;
  const sizes = [element.getAttribute("width"), element.getAttribute("height"), width, height];
  const small = sizes.some((size) => size && parseFloat(size) <= MAX_TRACKER_PX && !size.endsWith("%"));
  return small || display === "none" || visibility === "hidden" || TRACKER_URLS.test(address);
}
