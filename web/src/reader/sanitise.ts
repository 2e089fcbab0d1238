import DOMPurify, { type Config } from "dompurify";
import type { FoundLink } from "../inbox/source.ts";
import { cleanDeclarations, cleanMedia, cleanSheet } from "./clean-css.ts";
import {
  type BlockedContent,
  emptyBlockedContent,
  recordImage,
  recordRemoved,
  type Removed,
} from "./blocked-content.ts";
import type { ViewOptions } from "./view-options.ts";

/** HTML that is safe to put into the sandboxed frame. */
export interface SanitisedHtml {
  /** The style sheets of the head, as HTML. */
  styles: string;
  /** The body element, as HTML. */
  body: string;
  /** The number of remote images that were removed. */
  blocked: number;
  /** The links, in order, each address once. */
  links: FoundLink[];
  /** The Content-IDs of images that `inline` did not have. */
  contentIds: string[];
  /** What the HTML tried to do. It does not depend on whether images are shown. */
  blockedContent: BlockedContent;
}

const FORBIDDEN_TAGS =
  "svg math form input button select option optgroup textarea fieldset label output datalist meter progress " +
  "audio video source track picture canvas map area link meta base iframe frame frameset object embed applet " +
  "template slot dialog noscript search marquee";
const FORBIDDEN_ATTRIBUTES =
  "srcset sizes ping action formaction popover popovertarget popovertargetaction autofocus tabindex accesskey " +
  "contenteditable draggable cite longdesc poster usemap ismap download target rel crossorigin integrity nonce " +
  "slot part is loading decoding fetchpriority commandfor command inert";

const PURIFY = {
  WHOLE_DOCUMENT: true,
  RETURN_DOM: true,
  USE_PROFILES: { html: true },
  ALLOW_DATA_ATTR: false,
  SANITIZE_NAMED_PROPS: true,
  FORBID_TAGS: FORBIDDEN_TAGS.split(" "),
  FORBID_ATTR: FORBIDDEN_ATTRIBUTES.split(" "),
  // The second half is DOMPurify's default, for values that are not URIs (`width="50%"`). It lets
  // `//host` pass, so every address is checked again below.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
} satisfies Config & { RETURN_DOM: true };

const LINK_PROTOCOLS = ["https:", "http:", "mailto:", "tel:"];
const MAX_LINKS = 1_000;
const MAX_LINK_CHARS = 1_000;
const RASTER_DATA = /^data:image\/(?:png|jpe?g|gif|webp|avif|bmp)[;,]/i;

/**
 * Make a message's HTML inert. `options.images` allows remote images; `inline` has its own, by
 * Content-ID.
 */
export function sanitise(html: string, options: ViewOptions, inline: Record<string, string>): SanitisedHtml {
  const root = DOMPurify.sanitize(html, PURIFY) as HTMLElement;
  const blockedContent = emptyBlockedContent();
  recordRemoved(blockedContent, DOMPurify.removed as readonly Removed[]);
  const links = new Map<string, FoundLink>();
  const contentIds = new Set<string>();
  let blocked = 0;
  for (const element of root.querySelectorAll<HTMLElement>("*")) {
    if (element instanceof HTMLAnchorElement) guardLink(element, links);
    else element.removeAttribute("href");
    blocked += guardImages(element, options.images, inline, blockedContent, contentIds);
    if (element.hasAttribute("style")) {
      const clean = cleanDeclarations(element.style, options);
      blocked += clean.blocked;
      blockedContent.styles += clean.remote;
    }
    if (element.localName === "style") {
      const clean = cleanSheet(element.textContent ?? "", options);
      element.textContent = clean.css;
      const media = element.getAttribute("media");
      if (media !== null) element.setAttribute("media", cleanMedia(media, options.scheme));
      blocked += clean.blocked;
      blockedContent.styles += clean.remote;
    }
  }
  // A document with a frameset has no body, and DOMPurify removes the frameset.
  const body = root.querySelector("body") ?? document.createElement("body");
  body.dir ||= root.dir || "auto";
  body.lang ||= root.lang;
  const styles = [...root.querySelectorAll("head style")].map((style) => style.outerHTML).join("");
  return {
    styles,
    body: body.outerHTML,
    blocked,
    links: [...links.values()],
    contentIds: [...contentIds],
    blockedContent,
  };
}

function guardLink(link: HTMLAnchorElement, links: Map<string, FoundLink>): void {
  const url = parseUrl(link.getAttribute("href"));
  if (!url || !LINK_PROTOCOLS.includes(url.protocol)) {
    link.removeAttribute("href");
    return;
  }
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.title = url.href;
  const text = (link.textContent ?? "").slice(0, MAX_LINK_CHARS).replace(/\s+/g, " ").trim();
  if (url.protocol.startsWith("http") && links.size < MAX_LINKS && !links.has(url.href))
    links.set(url.href, { url: url.href, text, reason: "" });
}

/**
 * Allow an address in `src` of an image and in `background` only. Return the number of blocked
 * images.
 */
function guardImages(
  element: HTMLElement,
  images: boolean,
  inline: Record<string, string>,
  blockedContent: BlockedContent,
  contentIds: Set<string>,
): number {
  let blocked = 0;
  for (const name of ["src", "background"]) {
    const value = element.getAttribute(name);
    if (value === null) continue;
    const isImage = name === "background" || element.localName === "img";
    const address = isImage ? imageAddress(value.trim(), inline, contentIds) : null;
    const remote = address?.startsWith("https:") ?? false;
    if (address && remote) recordImage(blockedContent, element, address);
    if (remote && !images) blocked += 1;
    if (address && (images || !remote)) element.setAttribute(name, address);
    else element.removeAttribute(name);
  }
  return blocked;
}

function imageAddress(value: string, inline: Record<string, string>, contentIds: Set<string>): string | null {
  if (RASTER_DATA.test(value)) return value;
  const url = parseUrl(value);
  if (url?.protocol === "cid:") {
    const ids = [url.pathname, decode(url.pathname)];
    const id = ids.find((each) => Object.hasOwn(inline, each));
    if (id !== undefined) return inline[id] ?? null;
    for (const each of ids) contentIds.add(each);
    return null;
  }
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return null;
  // The frame's policy allows HTTPS only. Most hosts serve both.
  url.protocol = "https:";
  return url.href;
}

/** Parse an absolute URL. Return null for anything else: in mail, a relative URL leads nowhere. */
function parseUrl(value: string | null): URL | null {
  try {
    return new URL(value ?? "");
  } catch {
    return null;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
