import DOMPurify, { type Config } from "dompurify";
import { cleanDeclarations, cleanSheet } from "./clean-css.ts";
import { type Deeds, noDeeds, noteImage, noteRemoved, type Removed } from "./blocked-content.ts";

/** HTML that the second wall has gone over. */
export interface Clean {
  /** Style sheets of the head. */
  styles: string;
  /** The body element, markup and all. */
  body: string;
  /** Remote images that it does not show. */
  blocked: number;
  /** What it would have done; the same whether its images are shown or not. */
  deeds: Deeds;
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
  // The tail is DOMPurify's own, for values that are no URI at all (`width="50%"`); it lets `//host` pass,
  // which is why every address is looked at once more below.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
} satisfies Config & { RETURN_DOM: true };

const LINK_PROTOCOLS = ["https:", "http:", "mailto:", "tel:"];
const RASTER_DATA = /^data:image\/(?:png|jpe?g|gif|webp|avif|bmp)[;,]/i;

/** Make HTML from a stranger inert; `inline` holds its own images by Content-ID. */
export function sanitise(html: string, images: boolean, inline: Record<string, string>): Clean {
  const root = DOMPurify.sanitize(html, PURIFY) as HTMLElement;
  const deeds = noDeeds();
  noteRemoved(deeds, DOMPurify.removed as readonly Removed[]);
  let blocked = 0;
  for (const element of root.querySelectorAll<HTMLElement>("*")) {
    if (element instanceof HTMLAnchorElement) guardLink(element);
    else element.removeAttribute("href");
    blocked += guardImages(element, images, inline, deeds);
    if (element.hasAttribute("style")) {
      const clean = cleanDeclarations(element.style, images);
      blocked += clean.blocked;
      deeds.styles += clean.remote;
    }
    if (element.localName === "style") {
      const clean = cleanSheet(element.textContent ?? "", images);
      element.textContent = clean.css;
      blocked += clean.blocked;
      deeds.styles += clean.remote;
    }
  }
  // A frameset takes the place of the body, and went with the sanitiser.
  const body = root.querySelector("body") ?? document.createElement("body");
  body.dir ||= root.dir || "auto";
  body.lang ||= root.lang;
  const styles = [...root.querySelectorAll("head style")].map((style) => style.outerHTML).join("");
  return { styles, body: body.outerHTML, blocked, deeds };
}

function guardLink(link: HTMLAnchorElement): void {
  const url = parseUrl(link.getAttribute("href"));
  if (!url || !LINK_PROTOCOLS.includes(url.protocol)) {
    link.removeAttribute("href");
    return;
  }
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.title = url.href;
}

/** `src` of an image, `background` of a body or a table: nowhere else may an address stay. */
function guardImages(
  element: HTMLElement,
  images: boolean,
  inline: Record<string, string>,
  deeds: Deeds,
): number {
  let blocked = 0;
  for (const name of ["src", "background"]) {
    const value = element.getAttribute(name);
    if (value === null) continue;
    const isImage = name === "background" || element.localName === "img";
    const address = isImage ? imageAddress(value.trim(), inline) : null;
    const remote = address?.startsWith("https:") ?? false;
    if (address && remote) noteImage(deeds, element, address);
    if (remote && !images) blocked += 1;
    if (address && (images || !remote)) element.setAttribute(name, address);
    else element.removeAttribute(name);
  }
  return blocked;
}

function imageAddress(value: string, inline: Record<string, string>): string | null {
  if (RASTER_DATA.test(value)) return value;
  const url = parseUrl(value);
  if (url?.protocol === "cid:") return inline[url.pathname] ?? inline[decode(url.pathname)] ?? null;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return null;
  // The policy lets no plain HTTP through; most hosts answer to both.
  url.protocol = "https:";
  return url.href;
}

/** The absolute URL that a value is; null for a relative one, which in mail leads nowhere, and for none. */
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
