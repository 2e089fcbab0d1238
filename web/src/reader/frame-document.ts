/** The document of the frame that shows a message's HTML. */
import { framePolicy } from "./policy.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import type { ColorScheme, ViewOptions } from "./view-options.ts";

/** The colors of a page on which the message sets none. */
export const PAPER = {
  light: { background: "#fff", text: "#1c1e21", gap: "#e9ebee" },
  dark: { background: "#121417", text: "#e8eaed", gap: "#2a2e33" },
};

/** The width of the margin around a message that sets none. */
export const MARGIN_PX = 16;

/**
 * Return the styles below the message's own. `root` selects its root.
 *
 * The background is not among them: a root without one takes that of the body, to the edges.
 */
export function baseStyle(root: string, scheme: ColorScheme): string {
  const { text, gap } = PAPER[scheme];
  return (
    `${root}{color-scheme:${scheme};color:${text};font:16px/1.5 system-ui,sans-serif}` +
    `body{margin:${MARGIN_PX}px;overflow-wrap:break-word}img{max-width:100%;height:auto}` +
    `img:not([src]){background:${gap};border-radius:4px}`
  );
}

export function frameDocument({ styles, body }: SanitisedHtml, { images, scheme }: ViewOptions): string {
  return [
    "<!doctype html><html><head>",
    framePolicy(images),
    '<meta charset="utf-8"><meta name="referrer" content="no-referrer">',
    '<meta http-equiv="x-dns-prefetch-control" content="off">',
    `<style>${baseStyle(":root", scheme)}</style>${styles}</head>${body}</html>`,
  ].join("");
}
