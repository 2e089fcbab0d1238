import { useLayoutEffect, useRef } from "preact/hooks";
import { words } from "./words.ts";
import { framePolicy } from "./policy.ts";
import { SANDBOX } from "./sandbox.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import { frameHtml } from "./trusted-types.ts";

const BASE_STYLE =
  ":root{color-scheme:light;background:#fff;color:#1c1e21;font:16px/1.5 system-ui,sans-serif}" +
  "body{margin:16px;overflow-wrap:break-word}img{max-width:100%;height:auto}" +
  "img:not([src]){background:#e9ebee;border-radius:4px}";

function frameDocument({ styles, body }: SanitisedHtml, images: boolean): string {
  return [
    "<!doctype html><html><head>",
    framePolicy(images),
    '<meta charset="utf-8"><meta name="referrer" content="no-referrer">',
    '<meta http-equiv="x-dns-prefetch-control" content="off">',
    `<style>${BASE_STYLE}</style>${styles}</head>${body}</html>`,
  ].join("");
}

/**
 * A message's HTML in a sandboxed frame with an opaque origin. It cannot run scripts or send
 * requests.
 *
 * Not made by JSX: the sandbox must be set before the frame's document, and each document gets a
 * new frame.
 */
export function Frame({ clean, images }: { clean: SanitisedHtml; images: boolean }) {
  const holder = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const frame = document.createElement("iframe");
    frame.title = words.body;
    frame.setAttribute("sandbox", SANDBOX);
    frame.referrerPolicy = "no-referrer";
    frame.srcdoc = frameHtml(frameDocument(clean, images));
    holder.current?.replaceChildren(frame);
  }, [clean, images]);
  return <div ref={holder} class="frame" />;
}
