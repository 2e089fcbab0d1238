import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { words } from "./words.ts";
import { frameDocument, PAPER } from "./frame-document.ts";
import type { Preview } from "./preview-size.ts";
import { SANDBOX } from "./sandbox.ts";
import type { SanitisedHtml } from "./sanitise.ts";
import { frameHtml } from "./trusted-types.ts";
import type { ViewOptions } from "./view-options.ts";

interface FrameProps {
  clean: SanitisedHtml;
  options: ViewOptions;
  preview: Preview;
  /** Is given the element that is as wide as the message looks. */
  paper: RefObject<HTMLDivElement | null>;
}

/**
 * A message's HTML in a sandboxed frame with an opaque origin. It cannot run scripts or send
 * requests.
 *
 * Not made by JSX: the sandbox must be set before the frame's document, and each document gets a
 * new frame.
 */
export function Frame({ clean, options, preview: { width, zoom }, paper }: FrameProps) {
  useLayoutEffect(() => {
    const frame = document.createElement("iframe");
    frame.title = words.body;
    frame.setAttribute("sandbox", SANDBOX);
    frame.referrerPolicy = "no-referrer";
    frame.style.colorScheme = options.scheme;
    frame.style.background = PAPER[options.scheme].background;
    frame.srcdoc = frameHtml(frameDocument(clean, options));
    paper.current?.replaceChildren(frame);
  }, [clean, options]);
  // A paper of its own width may be wider than the window: then arrow keys have to scroll it.
  const scrolling = width === null ? {} : { tabIndex: 0, role: "group" as const, "aria-label": words.body };
  return (
    <div class="frame" {...scrolling}>
      <div
        ref={paper}
        class="paper"
        style={{ "--zoom": zoom, width: width === null ? "100%" : `${width * zoom}px` }}
      />
    </div>
  );
}
